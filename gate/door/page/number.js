// A number that a phone is asked for, where two people claim one ticket: its holder
// types it into the wallet, and the next ticket at this lane is looked at to see
// whether its phone answers. As long as the lane asks, that is in sight.
import { call, Refused, undecided } from "./agent.js";
import { asked } from "./lane.js";
import { closePanels, openPanel, panelOpen } from "./panel.js";
import { may, onMe } from "./staff.js";
import { onStatus } from "./status.js";
import { dismiss, onVerdict, present, showing } from "./verdict.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
let open = null; // the number that the lane asks for, as the agent gave it
let timer = 0;
let learnt = false; // whether it is known what the agent asks for
let turn = Promise.resolve(); // one request after the other, so that the newest answer says what the agent asks for

// askNumber has this lane ask for a number, for those who may.
export async function askNumber() {
  if (!may("challenge")) return;
  await change({ lane: asked().lane, on: true }, show);
}

const change = (body, then) => turn = turn.then(async () => {
  try {
    then(await call("/api/challenge", body));
  } catch (e) {
    forget();
    present(undecided(e instanceof Refused ? e.exact : t("page.no_agent"), ""));
  }
});

function show(number) {
  forget();
  if (!number.number) return;
  open = number;
  timer = setTimeout(over, number.seconds * 1000, "number.over");
  write(number.number);
  dismiss();
  openPanel("number");
}

// write shows digits, or none, and says them one by one.
function write(digits, says = "") {
  by("digits").hidden = !digits;
  by("digits").textContent = digits.slice(0, 3) + "\u00a0" + digits.slice(3);
  by("digits").ariaLabel = [...digits].join(" ");
  by("number-says").textContent = says;
  by("number-back").textContent = t(by("number-back").dataset.t = digits ? "number.back" : "page.close");
}

function forget() {
  clearTimeout(timer);
  open = null;
}

// over says why the number in sight is none any more.
function over(why) {
  forget();
  write("", t(why));
  by("number-back").focus();
}

// takeBack has the lane ask no more.
async function takeBack() {
  const number = open;
  forget();
  closePanels();
  if (number) await change({ lane: number.lane, on: false }, () => {});
}

// again brings the number back into sight after what stood before it.
function again() {
  if (open && !showing() && !panelOpen()) openPanel("number");
}

// learn asks what the lane asks for: the agent does since before this page, or was
// started anew and asks for nothing any more.
async function learn() {
  if (learnt || !may("challenge")) return;
  learnt = true;
  const before = open;
  try {
    const number = await call("/api/challenge?" + new URLSearchParams({ lane: (before || asked()).lane }));
    if (open !== before) return; // somebody was quicker
    if (!before) show(number);
    else if (number.number !== before.number) over("number.gone");
  } catch {
    learnt = false; // the strip says that the agent is gone
  }
}

// setUpNumber makes the panel work.
export function setUpNumber() {
  by("open-number").addEventListener("click", askNumber);
  by("ask-number").addEventListener("click", askNumber);
  by("number-back").addEventListener("click", takeBack);
  by("number").addEventListener("cancel", (e) => { e.preventDefault(); takeBack(); });
  for (const panel of document.querySelectorAll("dialog")) panel.addEventListener("close", again);
  onVerdict((verdict) => {
    if (verdict?.challenge) forget(); // it is used up
    if (!verdict) again();
  });
  onStatus((status) => { if (!status) learnt = false; });
  onMe(learn);
}
