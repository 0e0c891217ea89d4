// The door page: it reads codes by every way at once, asks the agent, and shows
// the verdict. It decides nothing itself.
import { listen } from "./agent.js";
import { setUpAsk } from "./ask.js";
import { stayAwake } from "./awake.js";
import { setUpCamera } from "./camera.js";
import { picture, scan, sighted } from "./judge.js";
import { isKiosk, setUpKiosk } from "./kiosk.js";
import { direction, face, setUpLane } from "./lane.js";
import { setUpLeave } from "./leave.js";
import { askNumber, setUpNumber } from "./number.js";
import { closePanels, openPanel, panelOpen, setUpPanels } from "./panel.js";
import { setUpPreflight } from "./preflight.js";
import { setUpResume } from "./resume.js";
import { openSearch, setUpSearch } from "./search.js";
import { setUpSettings } from "./settings.js";
import { setUpShift } from "./shift.js";
import { setUpSignIn } from "./signin.js";
import { setUpStaff } from "./staff.js";
import { showStatus } from "./status.js";
import { setUpTraining } from "./training.js";
import { asksUndo, askUndo, setUpUndo, takeBack } from "./undo.js";
import { dismiss, onVerdict, present } from "./verdict.js";
import { onWedge } from "./wedge.js";

const by = (id) => document.getElementById(id);
const control = "button, input, select, textarea, [role=button]";

const takes = new Set(["preflight", "number"]); // panels that wait for a code

const shortcuts = {
  i: () => face("in"), o: () => face("out"), v: () => face("verify"), u: askUndo, n: askNumber, t: () => camera.torch(), "/": openSearch, "?": () => openPanel("keys"),
};

// pressed takes a key that stands alone, "" for an Enter, a Tab, or one that a control
// took. What answers a question, or stands in a panel, has its keys to itself.
function pressed(key, target) {
  if (panelOpen()) return;
  if (target.closest?.("#ask") && key !== "Escape" && (key === "" || target.matches(control))) return;
  const again = asksUndo() && key.toLowerCase() === "u";
  dismiss();
  if (again) takeBack();
  else if (key.length === 1 && !isKiosk()) shortcuts[key.toLowerCase()]?.();
}

// tapped takes a verdict out of sight by a tap anywhere, but on what it asks.
function tapped(e) {
  if (!e.target.closest?.("#ask, dialog")) dismiss();
}

by("typed").addEventListener("submit", (e) => {
  e.preventDefault();
  const text = by("code").value;
  by("code").value = "";
  if (text) scan(text, "typed");
});
by("picture").addEventListener("change", (e) => { if (e.target.files[0]) picture(e.target.files[0]); e.target.value = ""; });
addEventListener("pointerup", tapped, { capture: true });

setUpKiosk();
setUpSettings();
setUpPanels();
setUpLane();
setUpUndo();
setUpResume();
setUpAsk();
setUpSearch();
setUpNumber();
setUpSignIn();
setUpTraining();
setUpShift();
setUpPreflight();
setUpLeave();
onVerdict((verdict) => { if (verdict) closePanels(); });
onWedge({ code(text, how) { if (!takes.has(panelOpen()?.id)) closePanels(); scan(text, how); }, picture, key: pressed });
const camera = setUpCamera({
  purpose: direction, judge: sighted,
  trouble: (display) => present({ result: "fault", reason: "camera", display: { tone: "hatch", shape: "hatch", ...display } }),
});
listen("/api/live", showStatus);
setUpStaff();
stayAwake();
navigator.serviceWorker?.register("/sw.js");
