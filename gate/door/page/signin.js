// Signing in by name and PIN, and out. A role card that is scanned anywhere on the
// page signs in too.
import { call, Refused } from "./agent.js";
import { closePanels, panelOpen } from "./panel.js";
import { resume } from "./resume.js";
import { know, onMe } from "./staff.js";
import { has, t } from "./words.js";

const by = (id) => document.getElementById(id);
let ended = ""; // why the session was over that was told of
const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "⌫", "0"];

function show(me) {
  const button = by("who");
  button.hidden = !me.signed_in && me.people.length === 0;
  button.textContent = me.signed_in ? t("staff.is", { name: me.name, role: role(me.role) }) : t("staff.sign_in");
  by("sign-in-form").hidden = me.signed_in;
  by("signed-in").hidden = !me.signed_in;
  by("signed-in-as").textContent = me.signed_in ? button.textContent : "";
  const chosen = by("person").value;
  by("person").replaceChildren(...me.people.map((name) => new Option(name)));
  if (me.people.includes(chosen)) by("person").value = chosen;
  if (!me.signed_in && me.ended && me.ended !== ended) say(has("staff.ended." + me.ended) ? t("staff.ended." + me.ended) : "");
  ended = me.signed_in ? "" : me.ended; // once: what is said of a PIN stays
}

const role = (name) => has("role." + name) ? t("role." + name) : name;

function say(text) { by("sign-in-note").textContent = text; }

// close closes the panel, and no other that was opened meanwhile.
function close() {
  if (panelOpen() === by("sign-in")) closePanels();
}

async function signIn(e) {
  e.preventDefault();
  const pin = by("pin").value;
  by("pin").value = "";
  say(t("staff.checking"));
  try {
    know(await call("/api/sign-in", { name: by("person").value, pin }));
    say("");
    close();
    resume();
  } catch (e) {
    say(e instanceof Refused ? e.exact : t("page.no_agent"));
  }
}

async function signOut() {
  try {
    know(await call("/api/sign-out", {}));
    close();
  } catch (e) {
    say(e instanceof Refused ? e.exact : t("page.no_agent"));
  }
}

function press(key) {
  const pin = by("pin");
  pin.value = key === "⌫" ? pin.value.slice(0, -1) : pin.value + key;
}

// setUpSignIn makes the panel work.
export function setUpSignIn() {
  by("pad").append(...digits.map((key) => {
    const b = Object.assign(document.createElement("button"), { type: "button", textContent: key });
    if (key === "⌫") b.dataset.tLabel = "staff.delete";
    b.addEventListener("click", () => press(key));
    return b;
  }));
  by("sign-in-form").addEventListener("submit", signIn);
  by("sign-out").addEventListener("click", signOut);
  by("sign-in").addEventListener("close", () => { by("pin").value = ""; });
  onMe(show);
}
