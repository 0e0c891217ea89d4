// The page of one ticket: what, when, where, and the one thing to do with it.

import { button, element, link } from "./element.js";
import { giving } from "./give.js";
import { passes } from "./passes.js";
import { clock, lately, moment, t } from "./words.js";

// ticketPage gives the page of a ticket. acts are show, bind, takeOver, give, takeBack, and back.
export function ticketPage({ ticket, key, able, problem, told, acts }) {
  return [
    button(t("wallet.all"), acts.back, { className: "back" }),
    element("h1", { textContent: ticket.event_name, tabIndex: -1 }),
    ticket.rehearsal ? element("p", { className: "note", textContent: t("wallet.rehearsal") }) : null,
    facts(ticket),
    problem ? element("p", { className: "problem", role: "alert", textContent: problem }) : null,
    told ? element("p", { className: "note", textContent: told }) : null,
    standingOf(ticket, key, able, acts),
    giving(ticket, acts),
    ...links(ticket),
    passes(ticket),
  ];
}

function facts(ticket) {
  const rows = [];
  const row = (name, ...inside) => rows.push(element("div", {}, element("dt", { textContent: name }), element("dd", {}, ...inside)));
  const sub = (text) => element("span", { className: "sub", textContent: text });
  row(t("wallet.when"), moment(ticket.starts, ticket.zone), ticket.admission && ticket.admission !== ticket.starts ? sub(t("wallet.doors", { clock: clock(ticket.admission, ticket.zone) })) : null,
    ticket.not_before || ticket.expires ? element("strong", { className: "slot", textContent: slot(ticket) }) : null);
  if (ticket.venue || ticket.address) row(t("wallet.where"), ticket.venue ?? ticket.address, ticket.venue && ticket.address ? sub(ticket.address) : null);
  row(t("wallet.ticket"), ticket.product, ticket.admits > 1 ? sub(t("wallet.admits", { n: ticket.admits })) : null, ticket.holder ? sub(ticket.holder) : null);
  if (ticket.seat) row(t("wallet.your_seat"), ticket.seat);
  if (ticket.gates?.length) row(t("wallet.gate"), ...ticket.gates.flatMap((gate) => [element("span", { className: "gate", textContent: gate.name }), gate.how ? sub(gate.how) : null]));
  return element("dl", { className: "facts" }, rows);
}

// slot says when a ticket is good that has times of its own, a day once.
export function slot({ not_before, expires, zone }) {
  const day = (at) => new Date(at * 1000).toLocaleDateString("en", { timeZone: zone });
  const until = not_before && expires && day(not_before) === day(expires) ? clock : moment;
  const places = { from: moment(not_before ?? 0, zone), until: until(expires ?? 0, zone) };
  if (!expires) return t("wallet.good_from", places);
  return t(not_before ? "wallet.good_between" : "wallet.good_until", places);
}

const note = (text, kind = "") => element("p", { className: ("note " + kind).trim(), textContent: text });
// go is the one thing to do, where a thumb reaches it.
const go = (text, act) => element("div", { className: "first" }, button(text, act, { className: "button wide" }));
const other = (text, act) => button(text, act, { className: "button second wide" });

// standingOf says how the ticket stands on this phone, and what can be done with it.
function standingOf(ticket, key, able, acts) {
  const box = (...inside) => element("section", { className: "act" }, ...inside);
  if (ticket.state !== "valid") return box(note(t("wallet.void"), "bad"));
  const unpaid = ticket.unpaid ? note(t("wallet.unpaid")) : null;
  if (ticket.bound && ticket.bound.phone === key?.public) return box(unpaid, go(t("wallet.show"), acts.show), note(t("wallet.live")));
  if (ticket.bound) {
    const at = lately(ticket.bound.at);
    return box(unpaid, note(ticket.was_here ? t("wallet.moved", { when: at }) : t("wallet.elsewhere", { when: at }), "bad"),
      able ? other(t("wallet.take_over"), acts.takeOver) : note(t("wallet.unable_only")),
      ticket.live_only ? null : other(t("wallet.renew"), acts.renew));
  }
  if (ticket.live_only) return box(unpaid, able ? go(t("wallet.make_live"), acts.bind) : note(t("wallet.unable_only"), "bad"), able ? note(t("wallet.live_only")) : null);
  return box(unpaid, go(t("wallet.show"), acts.show),
    able ? note(t("wallet.static")) : note(t("wallet.unable")), able ? other(t("wallet.make_live"), acts.bind) : null,
    other(t("wallet.renew"), acts.renew));
}

// notNow says why a ticket can't be sold on yet, or any more.
const notNow = { late: "wallet.sell_late", closed: "wallet.sell_closed", unpaid: "wallet.sell_unpaid", busy: "wallet.sell_busy" };

function links(ticket) {
  const list = [];
  if (ticket.map) list.push(link(t("wallet.map"), ticket.map, { target: "_blank" }));
  const file = (name) => `/wallet/ticket/${encodeURIComponent(ticket.event)}/${ticket.id}/${name}`;
  if (ticket.state === "valid") list.push(link(t("wallet.calendar"), file("ticket.ics")));
  if (ticket.code) list.push(link(t("wallet.pdf"), file("ticket.pdf")));
  if (ticket.sell === "yes") list.push(link(t("wallet.sell"), `/wallet/resale/${encodeURIComponent(ticket.event)}/${ticket.id}`));
  const why = notNow[ticket.sell] ? element("p", { className: "sub", textContent: t(notNow[ticket.sell]) }) : null;
  return [list.length ? element("p", { className: "links" }, list) : null, why];
}
