// The camera: which one, its light, and when it runs. What it shows is read on this
// device, and judged once a sighting.
import { openReader } from "./reader.js";
import { Sightings } from "./sighting.js";

const by = (id) => document.getElementById(id);
const every = 60; // ms between two frames at least; a battery has to last the evening

// setUpCamera makes the controls work. purpose names what a code is seen for now.
// judge is given a text and when its frame was taken, and gives the verdict when it
// was its turn. trouble shows why there is no camera.
export function setUpCamera({ purpose, judge, trouble }) {
  let session = null; // the running camera
  let wanted = false; // somebody wants it, whether it runs now or not
  let lit = localStorage.torch === "on";
  let turn = Promise.resolve(); // starting and stopping, one after the other

  const begin = async () => {
    if (session || !wanted || document.hidden) return;
    try {
      session = await openSession({ purpose, judge, lost });
      by("camera").hidden = false;
      by("torch").hidden = !session.canTorch;
      await session.light(lit);
      await showLenses(session.lens, choose);
    } catch (e) {
      end();
      give(false);
      trouble(named(e));
    }
  };
  const end = () => {
    session?.end();
    session = null;
    by("camera").hidden = true;
    by("reader").textContent = "";
  };
  const give = (on) => {
    wanted = on;
    sessionStorage.camera = on ? "on" : "";
    by("start").textContent = on ? "Stop camera" : "Start camera";
  };
  const afterwards = (step) => turn = turn.then(step);
  const lost = () => afterwards(() => { end(); give(false); trouble(troubles.lost); });
  const choose = (lens) => {
    localStorage.lens = lens;
    afterwards(end);
    afterwards(begin);
  };
  const torch = async () => {
    if (!session?.canTorch) return;
    lit = !lit;
    localStorage.torch = lit ? "on" : "off";
    await session.light(lit);
  };

  by("start").addEventListener("click", () => {
    give(!wanted);
    afterwards(wanted ? begin : end);
  });
  by("torch").addEventListener("click", torch);
  // A page that nobody sees reads nothing, and lets others have the camera.
  document.addEventListener("visibilitychange", () => afterwards(document.hidden ? end : begin));
  if (sessionStorage.camera) { // it ran before the reload
    give(true);
    afterwards(begin);
  }
  return { torch };
}

async function openSession({ purpose, judge, lost }) {
  const stream = await openStream(localStorage.lens);
  const track = stream.getVideoTracks()[0];
  const over = new AbortController();
  const end = () => {
    over.abort();
    track.stop();
    by("video").srcObject = null;
  };
  try {
    const video = by("video");
    video.srcObject = stream;
    await video.play();
    track.addEventListener("ended", () => { if (!over.signal.aborted) lost(); });
    follow({ video, over: over.signal, purpose, judge });
  } catch (e) {
    end();
    throw e;
  }
  const canTorch = Boolean(track.getCapabilities?.().torch);
  return {
    end, canTorch, lens: track.getSettings().deviceId || "",
    async light(on) {
      if (!canTorch) return;
      await track.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {}); // a light that fails stops no scan
      by("torch").setAttribute("aria-pressed", String(on));
    },
  };
}

// follow reads frame after frame until it is over: always the newest, and only one
// at a time.
async function follow({ video, over, purpose, judge }) {
  const reader = await openReader((why) => { if (!over.aborted) sayReader(why); });
  if (over.aborted) return reader.end();
  over.addEventListener("abort", () => reader.end());
  const sightings = new Sightings();
  while (!over.aborted) {
    const seen = await nextFrame(video); // which never comes once it is over
    const began = performance.now();
    const texts = await reader.read(video);
    const read = performance.now(), what = purpose();
    const text = over.aborted ? null : sightings.fresh(texts, what, read);
    if (text !== null) {
      const answer = await judge(text, seen, read);
      sightings.blind(performance.now() - read);
      if (!answer || answer.result === "cannot") sightings.forget(text, what);
    }
    await new Promise((done) => setTimeout(done, began + every - performance.now()));
  }
}

// nextFrame gives when the camera took the next frame, as far as the browser says.
const nextFrame = (video) => new Promise((done) => {
  if (!video.requestVideoFrameCallback) setTimeout(() => done(performance.now()), every / 2);
  else video.requestVideoFrameCallback((now, frame) => done(frame.captureTime || now));
});

function openStream(lens) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", "SecurityError");
  const wish = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const video = lens ? { ...wish, deviceId: { exact: lens } } : { ...wish, facingMode: "environment" };
  return navigator.mediaDevices.getUserMedia({ video, audio: false }).catch((e) => {
    if (!lens || !["OverconstrainedError", "NotFoundError"].includes(e.name)) throw e;
    delete localStorage.lens; // that lens is gone
    return openStream();
  });
}

async function showLenses(current, choose) {
  const lenses = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "videoinput");
  const choice = by("lens");
  choice.hidden = lenses.length < 2;
  choice.replaceChildren(...lenses.map((d, i) => new Option(d.label || `Camera ${i + 1}`, d.deviceId)));
  choice.value = current;
  choice.onchange = () => choose(choice.value);
}

function sayReader(why) {
  const box = by("reader");
  box.dataset.state = why ? "bad" : "good";
  box.textContent = why ? "camera read by the agent" : "camera read here";
  box.title = why;
}

// troubles are the reasons for having no camera, and what a person does about each.
const others = " Until then scan with a reader, choose a picture, or type the code.";
const troubles = {
  lost: { word: "CAMERA LOST", why: "The camera was unplugged, or the system took it away.", do: "Plug it in, and press Start camera." + others },
  NotAllowedError: { word: "NO CAMERA", why: "This page is not allowed to use the camera.", do: "Allow it in the browser's settings for this page, and press Start camera." + others },
  NotFoundError: { word: "NO CAMERA", why: "This device has no camera.", do: "Scan with a reader, choose a picture, or type the code." },
  NotReadableError: { word: "CAMERA BUSY", why: "Another program uses the camera.", do: "Close what uses it, and press Start camera." + others },
  SecurityError: { word: "NO CAMERA", why: "A browser gives no camera to a page that came without encryption.", do: "Open the door page on the gate's own device, or by its https address." },
};
troubles.AbortError = troubles.NotReadableError;

const named = (e) => troubles[e.name] || { word: "NO CAMERA", why: String(e.message || e), do: "Press Start camera to try again." + others };
