// Putting a ticket into the wallets of Apple and Google, where the organiser offers it.
// Such a pass holds the code that stays the same; it is void once the ticket is live on
// a phone, or somebody else's.

import { button, element, link } from "./element.js";
import { passLink } from "./agent.js";
import { refusal } from "./refusal.js";
import { t } from "./words.js";

// passes gives the links, or nothing where no wallet is offered.
export function passes(ticket) {
  if (!ticket.passes?.length) return null;
  const said = element("span", { role: "status" });
  const ways = {
    apple: () => link(t("wallet.pass_apple"), `/wallet/ticket/${encodeURIComponent(ticket.event)}/${ticket.id}/ticket.pkpass`),
    google: () => button(t("wallet.pass_google"), () => save(ticket, said), { className: "plainlink" }),
  };
  return element("section", { className: "passes" },
    element("p", { className: "links" }, ticket.passes.map((app) => ways[app]?.()), said),
    element("p", { className: "sub", textContent: t("wallet.pass_note") }));
}

// save has the server make the pass, and leads to where Google saves it.
async function save(ticket, said) {
  said.textContent = "";
  try {
    location.assign((await passLink(ticket)).url);
  } catch (e) {
    said.textContent = refusal(e);
  }
}
