// Making elements. Text is only ever text: what an event is called is never read as
// HTML.

export function element(name, properties = {}, ...inside) {
  const { data = {}, aria = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.dataset, data);
  for (const [key, value] of Object.entries(aria)) made.setAttribute("aria-" + key, value);
  made.append(...inside.flat().filter((part) => part !== null && part !== undefined && part !== false));
  return made;
}

// button makes one that acts once at a time, however often an impatient hand presses it.
export function button(text, act, properties = {}) {
  const made = element("button", { type: "button", textContent: text, ...properties });
  let acting = false;
  made.addEventListener("click", async (e) => {
    if (acting) return;
    acting = true;
    try {
      await act(e);
    } finally {
      acting = false;
    }
  });
  return made;
}

// link leads elsewhere, to a page that learns nothing of this one.
export const link = (text, href, properties = {}) => element("a", { textContent: text, href, rel: "noreferrer noopener", ...properties });
