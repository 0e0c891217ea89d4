// Keyboard-wedge scanners: they type a code, anywhere on the page and whatever
// has the focus, and end it with Enter or Tab. Keys that stand alone are shortcuts.
//
// How fast a reader types says little: a slow link or a busy device makes pauses
// anywhere in a code. So nothing that matters hangs on time. All keys up to an
// Enter are one burst, with what was pressed by hand before it; the agent finds the
// ticket inside. And a capital U, with which every ticket begins, stays in the
// burst even after a pause that made it look like a key that stands alone.

const pause = 250; // ms; a key that nothing follows for so long stands alone
const gap = 5000; // ms; keys before such a silence are no part of a code
const shortest = 8; // characters; less is no code
const longest = 8192; // characters; more is no code
const silent = new Set(["Shift", "CapsLock", "AltGraph", "Control", "Alt", "Meta", "Dead"]);

// onWedge calls code with each burst and each text that is pasted, and how it came;
// picture with each picture that is pasted; and key with the name of each key that
// stands alone, or with "" for one that some control on the page took, and with what
// had the focus.
export function onWedge({ code, picture, key }) {
  onPaste({ code, picture });

  let burst = "", before = "", place = null, alone = false, last = -gap, ended = -gap, timer = 0;

  const forget = () => {
    burst = before = "";
    alone = false;
    clearTimeout(timer);
  };
  const standsAlone = (pressed, focused) => {
    if (pressed === "U") alone = true;
    else forget();
    const presses = pressed === " " && canPress(focused);
    key(presses ? "" : pressed, focused);
    if (presses) press(focused);
  };
  const end = (e, box) => {
    const text = burst, was = before;
    forget();
    if (text.length >= shortest && (!box || ticketIn(text) || tooLongFor(box, text))) {
      ended = e.timeStamp;
      e.preventDefault();
      if (box) box.value = was;
      code(text, "wedge");
    } else if (text === "" && e.timeStamp - ended < pause) {
      e.preventDefault(); // the LF of a CR LF
    } else if (!box) {
      key("", e.target);
    }
  };

  // Some send a keypress even after a keydown that the page has taken.
  let taken = false;
  addEventListener("keypress", (e) => { if (taken) e.preventDefault(); }, { capture: true });
  addEventListener("keyup", () => { taken = false; }, { capture: true });

  const down = (e) => {
    if (e.isComposing || e.repeat || silent.has(e.key) || isCommand(e)) return;
    const box = textBox(e.target);
    if (e.timeStamp - last >= gap || box !== place) forget(); // what stands in a field is no part of what comes elsewhere
    place = box;
    last = e.timeStamp;
    if (e.key === "Enter" || e.key === "Tab") return end(e, box);
    if (e.key.length !== 1) {
      if (box) forget(); // somebody corrects what they typed
      if (burst === "") timer = setTimeout(key, pause, e.key, e.target);
      return;
    }
    if (alone && !"TPS".includes(e.key)) forget(); // that U began no code
    alone = false;
    if (box && burst === "") before = box.value;
    if (burst.length < longest) burst += e.key;
    clearTimeout(timer);
    if (box) return;
    e.preventDefault(); // a space in a code presses no button
    if (burst.length === 1) timer = setTimeout(standsAlone, pause, e.key, e.target);
  };
  addEventListener("keydown", (e) => { down(e); taken = e.defaultPrevented; }, { capture: true });
}

// ticketIn finds a ticket, or a role card, in what was typed.
const ticketIn = (text) => /U[TPS]1:/.test(text);

// tooLongFor tells a code that a reader typed into a field for searching, whatever
// it did to its letters, from what a person looks for.
const tooLongFor = (box, text) => box.type === "search" && text.length >= 60;

// onPaste takes what is pasted: a ticket anywhere, other text and pictures where no
// text box has the focus.
function onPaste({ code, picture }) {
  addEventListener("paste", (e) => {
    const text = e.clipboardData.getData("text").trim().slice(0, longest);
    const file = [...e.clipboardData.files].find((f) => f.type.startsWith("image/"));
    if (textBox(e.target) && !ticketIn(text)) return;
    if (text === "" && !file) return;
    e.preventDefault();
    if (text !== "") code(text, "typed");
    else picture(file);
  }, { capture: true });
}

// isCommand tells the browser's own keys from characters made with AltGr.
const isCommand = (e) => (e.ctrlKey || e.metaKey || e.altKey) && !(e.key.length === 1 && e.getModifierState("AltGraph"));

const written = new Set(["text", "search", "password", "number", "email", "tel"]);
const textBox = (focused) => focused instanceof HTMLInputElement && written.has(focused.type) ? focused : null;

const canPress = (focused) => focused instanceof HTMLSelectElement || focused instanceof HTMLButtonElement || focused instanceof HTMLInputElement;

// press does what a space does to a control that has the focus.
function press(control) {
  if (control instanceof HTMLSelectElement) control.showPicker?.();
  else control.click();
}
