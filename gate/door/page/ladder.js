// How far down the ladder the event goes: whether this gate takes codes that are typed,
// and guests who are found by name. It takes all until the agent says otherwise.
import { onStatus } from "./status.js";
import { t } from "./words.js";

const code = document.getElementById("code");
const example = code.placeholder; // of a short code
const watchers = [];
let lowest = "name";

export const takesTyped = () => lowest === "typed" || lowest === "name";
export const takesNames = () => lowest === "name";

// onLadder tells when either has changed.
export const onLadder = (tell) => watchers.push(tell);

const hint = () => { code.placeholder = takesTyped() ? example : t("page.no_typing"); };

onStatus((status) => {
  if (!status?.down_to || status.down_to === lowest) return;
  lowest = status.down_to;
  hint();
  for (const tell of watchers) tell();
});
addEventListener("words", hint);
