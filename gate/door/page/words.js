// What the page says, in the language of who stands at the door: the one chosen on
// the page, or else the first of the browser's that the agent has, or else the
// event's, or else English. The agent brings all languages at once, so that
// changing them needs nobody.

const books = await fetch("/words.json").then((answer) => answer.ok ? answer.json() : {}).catch(() => ({}));
const english = "en";
let code = "", said = {}, numbers, plurals, event = "";

// language is the code of the language that the page speaks.
export const language = () => code;

// languages lists the codes of all languages with their own names for themselves.
export const languages = () => Object.entries(books).map(([code, book]) => [code, book["language.name"]]);

// t gives the message with a key, with what stands in its places: text as it is,
// numbers as the language writes them. The place n chooses the plural form.
export function t(key, places = {}) {
  const message = said[key] ?? key;
  const text = typeof message === "string" ? message : message[plurals.select(places.n)] ?? message.other;
  return text.replace(/{(\w+)}/g, (_, name) => put(places[name]));
}

// has reports whether there is a message with a key.
export const has = (key) => key in said;

const put = (value) => typeof value === "number" ? numbers.format(value) : value ?? "…";

// span says how long something lasted, to a unit that people count in.
export function span(seconds) {
  if (seconds < 90) return t("span.s", { n: Math.floor(seconds) });
  return seconds < 5400 ? t("span.min", { n: Math.round(seconds / 60) }) : t("span.h", { n: Math.round(seconds / 3600) });
}

// choose makes the page speak a language from now on, "" for the one that it finds.
export function choose(wish) {
  if (wish) localStorage.language = wish;
  else delete localStorage.language;
  speak();
}

// chosen is the language chosen on this page, "" where none was.
export const chosen = () => localStorage.language in books ? localStorage.language : "";

// eventSpeaks takes the event's language, which counts where nothing else does.
export function eventSpeaks(its) {
  if (!its || its === event) return;
  event = localStorage.eventLanguage = its;
  if (found() !== code) speak();
}

function found() {
  const wishes = [chosen(), ...navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]), event, english];
  return wishes.find((wish) => wish in books) ?? english;
}

function speak() {
  code = found();
  said = books[code] ?? {};
  numbers = new Intl.NumberFormat(code);
  plurals = new Intl.PluralRules(code);
  document.documentElement.lang = code;
  fill(document);
  dispatchEvent(new Event("words")); // for those who wrote texts by themselves
}

const attributes = { t: "textContent", tLabel: "ariaLabel", tTitle: "title", tPlaceholder: "placeholder" };

// fill writes the messages that a part of the page names: data-t is an element's
// text, data-t-label, data-t-title and data-t-placeholder are its attributes'.
export function fill(root) {
  for (const [data, property] of Object.entries(attributes)) {
    const name = "data-" + data.replace(/[A-Z]/, (c) => "-" + c.toLowerCase());
    for (const element of root.querySelectorAll(`[${name}]`)) element[property] = t(element.dataset[data]);
  }
}

event = localStorage.eventLanguage ?? "";
speak();
