// Looking for a guest. An entry from here is a scan of what the agent calls the guest,
// and obeys every rule.
import { call, Refused } from "./agent.js";
import { button, element } from "./element.js";
import { direction, onTurn } from "./lane.js";
import { scan } from "./judge.js";
import { onLadder, takesNames } from "./ladder.js";
import { openPanel, closePanels } from "./panel.js";
import { may } from "./staff.js";
import { has, language, t } from "./words.js";

const by = (id) => document.getElementById(id);
const shortest = 4; // characters; the agent takes no less
const pause = 250; // ms without a key before it is looked for
let timer = 0, asked = 0;

// openSearch opens the panel, for those who may look for guests.
export function openSearch() {
  if (!may("search")) return;
  openPanel("search");
  by("query").select();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(look, pause);
}

async function look() {
  clearTimeout(timer);
  const query = by("query").value.trim(), mine = ++asked;
  if ([...query].length < shortest) return show([], query ? t("search.more_letters", { n: shortest }) : "");
  try {
    const { guests, more } = await call("/api/search", { query });
    if (mine !== asked) return; // somebody looks for something else by now
    show(guests, guests.length === 0 ? t("search.nobody") : t(more ? "search.first_of" : "search.found", { n: guests.length, more }));
  } catch (e) {
    if (mine === asked) show([], e instanceof Refused ? e.exact : t("page.no_agent"));
  }
}

function show(guests, note) {
  by("found-note").textContent = note;
  by("found").replaceChildren(...guests.map(row));
}

const line = (kind, text) => element("span", { className: kind }, text);

function row(guest) {
  const made = button("", () => { closePanels(); scan(guest.handle, "search"); });
  made.append(
    line("name", guest.name || guest.email || guest.short || guest.order),
    line("state " + (fine(guest) ? "fine" : "bad"), state(guest)),
    line("", [guest.product, guest.short, guest.order].filter(Boolean).join(" · ")),
    line("", [guest.name ? guest.email : "", guest.note].filter(Boolean).join(" · ")),
  );
  return element("li", {}, made);
}

const fine = ({ void: reason, unpaid, visit }) => !reason && !unpaid && visit.inside === 0;

// state says in words how a guest's ticket stands in the zone of this gate.
function state({ void: reason, unpaid, due, currency, visit }) {
  if (reason) return t("search.void", { why: has("why.what." + reason) ? t("why.what." + reason) : reason });
  const words = [visit.inside > 0 ? t("search.inside", { n: visit.inside }) : t(visit.entries > 0 ? "search.left" : "search.not_in")];
  if (unpaid) words.unshift(due ? t("search.due", { amount: money(due, currency) }) : t("search.unpaid"));
  if (visit.attempts > 0) words.push(t("search.refused", { n: visit.attempts }));
  return words.join(" · ");
}

function money(minor, currency) {
  const form = new Intl.NumberFormat(language(), { style: "currency", currency });
  return form.format(minor / 10 ** form.resolvedOptions().maximumFractionDigits);
}

const sayWhat = () => { by("search-does").textContent = takesNames() || direction() !== "in" ? t("search.does." + direction()) : t("search.no_names"); };

// setUpSearch makes the panel work.
export function setUpSearch() {
  by("find").addEventListener("click", openSearch);
  by("query").addEventListener("input", later);
  by("search-form").addEventListener("submit", (e) => { e.preventDefault(); look(); });
  by("search").addEventListener("close", () => { // no guest's name stays on a screen
    clearTimeout(timer);
    asked++;
    by("query").value = "";
    show([], "");
  });
  onTurn(sayWhat);
  onLadder(sayWhat);
  addEventListener("words", sayWhat);
  sayWhat();
}
