// What somebody set on this device, remembered by the browser.

import { choose, language, languages, t } from "./words.js";

const by = (id) => document.getElementById(id);
const shortest = 0.5, longest = 3; // s; how long a green may stand

const known = { sound: true, vibration: true, green: 1, theme: "auto" };

export const settings = { ...known, ...stored() };

function stored() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.settings || "{}");
  } catch { /* somebody else's */ }
  const good = {};
  for (const [name, value] of Object.entries(kept || {})) if (typeof value === typeof known[name]) good[name] = value;
  if ("green" in good) good.green = Math.min(longest, Math.max(shortest, good.green || 0));
  return good;
}

// set remembers one setting.
export function set(name, value) {
  settings[name] = value;
  localStorage.settings = JSON.stringify(settings);
}

const dark = matchMedia("(prefers-color-scheme: dark)");

// dress gives the page the theme that was set, or the system's.
function dress() {
  const night = settings.theme === "auto" ? dark.matches : settings.theme === "night";
  document.body.dataset.theme = night ? "night" : "bright";
}

// setUpSettings makes the form of settings work.
export function setUpSettings() {
  for (const name of ["sound", "vibration"]) {
    by(name).checked = settings[name];
    by(name).addEventListener("change", () => set(name, by(name).checked));
  }
  const green = by("green");
  const say = () => { by("green-time").textContent = t("span.s", { n: settings.green }); };
  green.value = settings.green;
  green.addEventListener("input", () => { set("green", Number(green.value)); say(); });
  addEventListener("words", say);
  say();
  by("language").replaceChildren(...languages().map(([code, name]) => new Option(name, code, false, code === language())));
  by("language").addEventListener("change", () => choose(by("language").value));
  for (const choice of document.querySelectorAll("[name=theme]")) {
    choice.checked = choice.value === settings.theme;
    choice.addEventListener("change", () => { set("theme", choice.value); dress(); });
  }
  dark.addEventListener("change", dress);
  dress();
}
