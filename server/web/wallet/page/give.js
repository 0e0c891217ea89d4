// Giving tickets to somebody else: what is asked, what is offered, and whose they were.

import { button, element } from "./element.js";
import { lately, moment, t } from "./words.js";

const dialog = document.getElementById("give");

// reasons say why a ticket can't be given away now. Of what is off nothing is said.
const reasons = {
  void: null, off: null, offered: null, unpaid: "wallet.give_unpaid", late: "wallet.give_late", entered: "wallet.give_entered",
  often: "wallet.give_often", busy: "wallet.give_busy",
};

// giving gives the part of a ticket's page that is about other people. acts are give
// and takeBack.
export function giving(ticket, acts) {
  const give = ticket.give;
  if (!give) return null;
  const parts = [];
  if (give.offer) {
    const when = lately(give.offer.until);
    parts.push(element("p", { className: "note", textContent: give.offer.to ? t("wallet.offered_to", { name: give.offer.to, when }) : t("wallet.offered_link", { when }) }),
      button(t(give.offer.count > 1 ? "wallet.take_back_all" : "wallet.take_back", { n: give.offer.count }), acts.takeBack, { className: "button second wide" }));
  } else if (give.can) parts.push(button(t("wallet.give"), acts.give, { className: "button second wide" }));
  else if (reasons[give.why]) parts.push(element("p", { className: "sub", textContent: t(reasons[give.why]) }));
  if (give.hands?.length) parts.push(hands(give.hands));
  return parts.length ? element("section", { className: "act" }, ...parts) : null;
}

const hands = (list) => element("details", {}, element("summary", { textContent: t("wallet.hands") }),
  element("ul", { className: "hands" }, list.map((hand) => element("li", { textContent: said(hand) }))));

function said(hand) {
  const when = lately(hand.at);
  if (hand.how === "resale") return t("wallet.hand_resale", { when });
  if (hand.how === "organiser") return t("wallet.hand_organiser", { when });
  return t("wallet.hand_from", { name: hand.from, when });
}

// givenAway lists what is somebody else's by now.
export function givenAway(list) {
  if (!list?.length) return null;
  return element("details", { className: "past" }, element("summary", { textContent: t("wallet.given") }),
    element("ul", { className: "hands" }, list.map((one) => element("li", {},
      element("strong", { textContent: one.event_name }),
      element("span", { className: "sub", textContent: [moment(one.starts, one.zone), one.seat && t("wallet.seat", { seat: one.seat })].filter(Boolean).join(" · ") }),
      element("span", { className: "sub", textContent: one.to ? t("wallet.given_to", { name: one.to, when: lately(one.at) }) : t("wallet.given_on", { when: lately(one.at) }) })))));
}

// askGive asks which tickets go to whom, and gives {ids, name, email}, or null. others
// are tickets of the same event that may go along. send does it; what it throws is shown.
export function askGive(ticket, others, send) {
  return new Promise((done) => {
    const named = ticket.give.named;
    const field = (id, kind, label, properties) => {
      const input = element("input", { id, type: kind, ...properties });
      return { input, row: element("p", { className: "field" }, element("label", { htmlFor: id, textContent: label }), input) };
    };
    const check = (one) => element("label", { className: "check" },
      element("input", { type: "checkbox", name: "with", value: one.id, checked: one === ticket, disabled: one === ticket }),
      element("span", { textContent: [one.product, one.seat && t("wallet.seat", { seat: one.seat })].filter(Boolean).join(", ") }));
    const name = field("give-name", "text", t("wallet.give_name"), { maxLength: 200, autocomplete: "off", required: named });
    const email = field("give-email", "email", t("wallet.give_email"), { maxLength: 254, autocomplete: "off", required: named });
    const person = element("div", { className: "person" }, name.row, email.row);
    const way = (value, text, on) => element("label", { className: "check" }, element("input", { type: "radio", name: "way", value, checked: on }), element("span", { textContent: text }));
    const ways = named ? null : element("fieldset", {}, element("legend", { textContent: t("wallet.give_how") }),
      way("link", t("wallet.give_link"), true), way("person", t("wallet.give_person"), false));
    const problem = element("p", { className: "problem", role: "alert", hidden: true });
    let sending = false; // closed meanwhile, the form waits for what comes of it
    const there = () => form.isConnected && dialog.open;
    const go = element("button", { className: "button wide", textContent: t("wallet.give_go") });
    const form = element("form", {},
      element("h2", { id: "give-title", textContent: t("wallet.give") }),
      others.length ? element("fieldset", {}, element("legend", { textContent: t("wallet.give_which") }), [ticket, ...others].map(check)) : null,
      ways, person, element("p", { className: "sub", textContent: t("wallet.give_until") }), problem, go,
      button(t("wallet.no"), () => dialog.close(), { className: "button second wide" }));
    const straight = () => named || form.elements.way?.value === "person";
    const fit = () => {
      person.hidden = !straight();
      for (const { input } of [name, email]) input.required = straight();
    };
    form.addEventListener("change", fit);
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      sending = go.disabled = true;
      problem.hidden = true;
      const ids = [...form.querySelectorAll("[name=with]:checked")].map((box) => box.value);
      try {
        const sent = await send({ ids: ids.length ? ids : [ticket.id], name: straight() ? name.input.value : "", email: straight() ? email.input.value : "" });
        done(sent);
        if (there()) dialog.close();
      } catch (wrong) {
        sending = false;
        if (!there()) return done(null);
        problem.textContent = wrong.message;
        problem.hidden = false;
        go.disabled = false;
      }
    });
    fit();
    dialog.replaceChildren(form);
    dialog.onclose = () => { if (!dialog.open && !sending) done(null); }; // that of the form before comes late
    dialog.showModal();
  });
}
