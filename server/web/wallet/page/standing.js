// How a ticket stands on this phone, in a word.

import { t } from "./words.js";

// standing gives a word, and the kind of thing that it says: live, good or bad.
export function standing(ticket, key) {
  if (ticket.state !== "valid") return { word: t("wallet.state_void"), kind: "bad" };
  if (ticket.give?.offer) return { word: t("wallet.state_offered"), kind: "good" };
  if (ticket.bound && ticket.bound.phone === key?.public) return { word: t("wallet.state_live"), kind: "live" };
  if (ticket.bound) return { word: ticket.was_here ? t("wallet.state_moved") : t("wallet.state_elsewhere"), kind: "bad" };
  if (ticket.unpaid) return { word: t("wallet.state_unpaid"), kind: "good" };
  return { word: ticket.live_only ? t("wallet.state_needs") : t("wallet.state_static"), kind: "good" };
}
