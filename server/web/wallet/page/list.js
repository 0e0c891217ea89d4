// The list of tickets, and who is signed in.

import { button, element } from "./element.js";
import { end, sessions } from "./agent.js";
import { givenAway } from "./give.js";
import { lately, moment, t } from "./words.js";
import { refusal } from "./refusal.js";
import { standing } from "./standing.js";

// list gives the page of all tickets. open is called with the one that is tapped.
export function list({ tickets, given, email, key, problem, open, signOut, signIn }) {
  const soon = tickets.filter((k) => k.ends * 1000 > Date.now() - 12 * 3600_000);
  const past = tickets.filter((k) => !soon.includes(k));
  return [
    element("h1", { textContent: t("wallet.title"), tabIndex: -1 }),
    soon.length === 0 && past.length === 0 ? element("p", { textContent: t("wallet.none") }) : null,
    cards(soon, key, open),
    past.length > 0 ? element("details", { className: "past" }, element("summary", { textContent: t("wallet.past") }), cards(past, key, open)) : null,
    givenAway(given),
    problem ? element("p", { className: "problem", role: "alert", textContent: problem }) : null,
    email ? null : element("p", {}, t("wallet.only_order"), " ", button(t("wallet.sign_in"), signIn, { className: "plainlink" })),
    navigator.standalone === false ? element("p", { className: "note", textContent: t("wallet.iphone") }) : null, // only iOS knows it
    who(email, signOut),
  ];
}

const cards = (tickets, key, open) => element("ul", { className: "cards" }, tickets.map((ticket) => element("li", {}, card(ticket, key, open))));

function card(ticket, key, open) {
  const made = button("", () => open(ticket), { className: "card" });
  const { word, kind } = standing(ticket, key);
  made.append(
    element("strong", { textContent: ticket.event_name }),
    element("span", { className: "when", textContent: moment(ticket.starts, ticket.zone) }),
    element("span", { className: "sub", textContent: [ticket.venue, ticket.product, ticket.seat && t("wallet.seat", { seat: ticket.seat })].filter(Boolean).join(" · ") }),
    element("span", { className: "state " + kind, textContent: word }),
  );
  return made;
}

function who(email, signOut) {
  const rows = element("ul", { className: "sessions" });
  const more = element("details", {}, element("summary", { textContent: t("wallet.sessions") }), rows);
  more.addEventListener("toggle", () => { if (more.open) fill(rows, signOut); });
  return element("footer", { className: "foot" },
    element("p", { textContent: email ? t("wallet.signed_in", { email }) : t("wallet.signed_order") }),
    email ? more : null,
    button(t("wallet.sign_out"), signOut, { className: "button second small" }));
}

async function fill(rows, signOut) {
  try {
    const said = await sessions();
    rows.replaceChildren(...said.sessions.map((s) => element("li", {},
      element("span", { textContent: s.this ? t("wallet.this_phone") : s.agent || "?" }),
      element("span", { className: "sub", textContent: t("wallet.seen", { when: lately(Date.parse(s.seen)) }) }),
      button(t("wallet.end"), () => s.this ? signOut() : end(s.id).catch(() => {}).then(() => fill(rows, signOut)), { className: "button second small" }))));
  } catch (e) {
    rows.replaceChildren(element("li", { textContent: refusal(e) }));
  }
}
