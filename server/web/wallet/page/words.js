// What the page says, in the first of the browser's languages that there is, or else
// in English.

const books = await fetch("/wallet/words.json").then((answer) => answer.ok ? answer.json() : {}).catch(() => ({}));
const wishes = [...navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]), "en"];

export const language = wishes.find((wish) => wish in books) ?? "en";

const said = books[language] ?? {};
const numbers = new Intl.NumberFormat(language);
const plurals = new Intl.PluralRules(language);
const put = (value) => typeof value === "number" ? numbers.format(value) : value ?? "…";

// t gives the message with a key, with what stands in its places. The place n chooses
// the plural form.
export function t(key, places = {}) {
  const message = said[key] ?? key;
  const text = typeof message === "string" ? message : message[plurals.select(places.n)] ?? message.other;
  return text.replace(/{(\w+)}/g, (_, name) => put(places[name]));
}

// has tells whether there is a message with a key.
export const has = (key) => key in said;

// moment says a time by the clock of a place, Unix s.
export const moment = (seconds, zone) => told(seconds, { timeZone: zone, weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// clock says a time of day by the clock of a place, Unix s.
export const clock = (seconds, zone) => told(seconds, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// lately says a time by this phone's clock, Unix ms.
export const lately = (ms) => told(ms / 1000, { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const told = (seconds, how) => new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, how).format(seconds * 1000);

if (language in books) document.documentElement.lang = language;
for (const element of document.querySelectorAll("[data-t]")) {
  if (has(element.dataset.t)) element.textContent = t(element.dataset.t); // else what the server drew stands
}
