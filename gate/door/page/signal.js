// Sound and vibration of a verdict.
import { settings } from "./settings.js";

// Each tone has a melody and a rhythm of its own: one high note, a rising pair, a
// wavering three, two low notes, three equal ones.
const melodies = {
  green: [[880, 0.12]], blue: [[660, 0.1], [880, 0.12]], amber: [[520, 0.12], [440, 0.12], [520, 0.12]],
  red: [[196, 0.22], [147, 0.32]], hatch: [[330, 0.1], [330, 0.1], [330, 0.1]],
};
const rhythms = { green: [60], blue: [60, 60, 60], amber: [120, 80, 120], red: [300, 100, 300], hatch: [80, 60, 80, 60, 80] };
let audio = null;

// A browser gives sound only to a page that somebody has touched.
const wake = () => { audio ||= new AudioContext(); audio.resume(); };
addEventListener("pointerdown", wake, { passive: true });
addEventListener("keydown", wake, { passive: true });

// audible reports whether sound can be heard, as far as the browser says.
export const audible = () => audio?.state === "running";

// signal sounds and shakes as a tone does.
export function signal(tone) {
  if (settings.vibration && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(rhythms[tone]);
  if (settings.sound && audible()) play(melodies[tone], tone === "red" ? "sawtooth" : "sine");
}

// sample lets somebody hear whether there is sound.
export function sample() {
  if (audible()) play(melodies.green.concat(melodies.blue), "sine");
}

function play(melody, wave) {
  let at = audio.currentTime;
  for (const [pitch, length] of melody) {
    const note = audio.createOscillator(), loud = audio.createGain();
    note.frequency.value = pitch;
    note.type = wave;
    loud.gain.setValueAtTime(0.25, at);
    loud.gain.exponentialRampToValueAtTime(0.001, at + length);
    note.connect(loud).connect(audio.destination);
    note.start(at);
    note.stop(at + length);
    at += length + 0.04;
  }
}
