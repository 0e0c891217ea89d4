// Showing a verdict: colour, shape, word, sound and vibration, each enough alone.
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
const greenFor = 1000; // ms; a green goes by itself
const standFor = 2000; // ms; the next code waits so long for what calls for a person
let timer = 0;
let current = null;
let hold = Promise.resolve(), release = () => {};

// showing is the result and reason in sight, null while there is none.
export const showing = () => current;

// settled waits until the next code may be judged: at once after a green, else
// until the verdict in sight was dismissed or could be read.
export async function settled() {
  for (let seen; seen !== hold;) await (seen = hold);
}

export function present(answer) {
  const d = answer.display;
  clear();
  current = answer;
  const box = by("verdict");
  box.className = "verdict tone-" + d.tone;
  box.dataset.result = answer.result;
  box.dataset.reason = answer.reason || "";
  by("shape").firstElementChild.setAttribute("href", "#shape-" + d.shape);
  for (const id of ["word", "why"]) delete by(id).dataset.t; // no message of the page stands there now
  by("word").textContent = d.word;
  by("why").textContent = d.why || "";
  by("what").textContent = d.do || "";
  by("more").textContent = (d.more || []).join("\n");
  sound(d.tone);
  if (goesByItself()) timer = setTimeout(dismiss, greenFor);
  else hold = new Promise((done) => { release = done; setTimeout(done, standFor); });
}

// goesByItself: somebody comes in or goes out, so nobody has to do anything.
export const goesByItself = () => ["green", "blue"].includes(current?.display.tone);

function clear() {
  clearTimeout(timer);
  release();
  current = null;
}

export function dismiss() {
  if (!current) return;
  clear();
  const box = by("verdict");
  box.className = "verdict idle";
  delete box.dataset.result;
  delete box.dataset.reason;
  by("shape").firstElementChild.setAttribute("href", "#shape-ready");
  for (const [id, key] of [["word", "word.ready"], ["why", "page.ready"]]) by(id).textContent = t(by(id).dataset.t = key);
  by("what").textContent = by("more").textContent = "";
}

// Each tone has a melody and a rhythm of its own: one high note, a rising pair, a
// wavering pair, two low notes, three equal ones.
const melodies = {
  green: [[880, 0.12]], blue: [[660, 0.1], [880, 0.12]], amber: [[520, 0.12], [440, 0.12], [520, 0.12]],
  red: [[196, 0.22], [147, 0.32]], hatch: [[330, 0.1], [330, 0.1], [330, 0.1]],
};
const rhythms = { green: [60], blue: [60, 60, 60], amber: [120, 80, 120], red: [300, 100, 300], hatch: [80, 60, 80, 60, 80] };
let audio = null;

addEventListener("pointerdown", () => { audio ||= new AudioContext(); audio.resume(); }, { passive: true });
addEventListener("keydown", () => { audio ||= new AudioContext(); audio.resume(); }, { passive: true });

function sound(tone) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(rhythms[tone]);
  if (!audio || audio.state !== "running") return;
  let at = audio.currentTime;
  for (const [pitch, length] of melodies[tone]) {
    const note = audio.createOscillator(), loud = audio.createGain();
    note.frequency.value = pitch;
    note.type = tone === "red" ? "sawtooth" : "sine";
    loud.gain.setValueAtTime(0.25, at);
    loud.gain.exponentialRampToValueAtTime(0.001, at + length);
    note.connect(loud).connect(audio.destination);
    note.start(at);
    note.stop(at + length);
    at += length + 0.04;
  }
}
