// Sound and vibration of a verdict.
import { settings } from "./settings.js";

// Each shape has a melody and a rhythm of its own: one high note; a rising pair for who
// comes back; a falling one for who leaves; a wavering three; two low notes; three equal
// ones; and for what is no verdict a short knock.
const melodies = {
  tick: [[880, 0.12]], loop: [[660, 0.1], [880, 0.12]], arrow: [[784, 0.1], [523, 0.18]],
  triangle: [[520, 0.12], [440, 0.12], [520, 0.12]], cross: [[196, 0.22], [147, 0.32]], hatch: [[330, 0.1], [330, 0.1], [330, 0.1]],
  badge: [[262, 0.05]],
};
const rhythms = {
  tick: [60], loop: [60, 60, 60], arrow: [200], triangle: [120, 80, 120], cross: [300, 100, 300], hatch: [80, 60, 80, 60, 80], badge: [20],
};
let audio = null;

// A browser gives sound only to a page that somebody has touched.
const wake = () => { audio ||= new AudioContext(); audio.resume(); };
addEventListener("pointerdown", wake, { passive: true });
addEventListener("keydown", wake, { passive: true });

// audible reports whether sound can be heard, as far as the browser says.
export const audible = () => audio?.state === "running";

// signal sounds and shakes as a shape does.
export function signal(shape) {
  if (settings.vibration && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(rhythms[shape]);
  if (settings.sound && audible()) play(melodies[shape], shape === "cross" ? "sawtooth" : "sine");
}

// sample lets somebody hear whether there is sound.
export function sample() {
  if (audible()) play(melodies.tick.concat(melodies.loop), "sine");
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
