// Making elements. Text is only ever text: what comes from an event's file or a
// guest list is never read as HTML.

// element makes one, with its properties and what stands in it.
export function element(name, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inside.filter((part) => part !== null && part !== undefined));
  return made;
}

// table makes a table of rows, each a list of texts, under its headings. A table
// that has no row is none.
export function table(title, headings, rows) {
  if (rows.length === 0) return null;
  const cells = (kind, row) => element("tr", {}, ...row.map((text) => element(kind, kind === "th" ? { scope: "col" } : {}, text ?? "")));
  return element("table", {}, element("caption", {}, title), element("thead", {}, cells("th", headings)), element("tbody", {}, ...rows.map((row) => cells("td", row))));
}

// button makes a button that does something.
export function button(text, act, properties = {}) {
  const made = element("button", { type: "button", textContent: text, ...properties });
  made.addEventListener("click", act);
  return made;
}
