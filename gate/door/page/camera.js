// The camera: which one, its light, and when it runs. What it shows is read on this
// device, and judged once a sighting.
import { takesTyped } from "./ladder.js";
import { openReader } from "./reader.js";
import { Sightings } from "./sighting.js";
import { t } from "./words.js";

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
    forgetReader();
  };
  const give = (on) => {
    wanted = on;
    sessionStorage.camera = on ? "on" : "";
    by("start").textContent = t(by("start").dataset.t = on ? "page.stop_camera" : "page.start_camera");
  };
  const afterwards = (step) => turn = turn.then(step);
  const lost = () => afterwards(() => { end(); give(false); trouble(named({ name: "lost" })); });
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
  choice.replaceChildren(...lenses.map((d, i) => new Option(d.label || t("page.camera_n", { n: i + 1 }), d.deviceId)));
  choice.value = current;
  choice.onchange = () => choose(choice.value);
}

function sayReader(why) {
  const box = by("reader");
  box.dataset.state = why ? "bad" : "good";
  box.textContent = t(box.dataset.t = why ? "camera.read_by_agent" : "camera.read_here");
  box.title = why;
}

function forgetReader() {
  const box = by("reader");
  box.textContent = box.title = "";
  delete box.dataset.t; // or another language would bring it back
  delete box.dataset.state;
}

// troubles are the reasons for having no camera, by what the browser calls them.
const troubles = {
  lost: "lost", NotAllowedError: "denied", NotFoundError: "missing", NotReadableError: "busy", AbortError: "busy", SecurityError: "insecure",
};
const words = { lost: "word.camera_lost", busy: "word.camera_busy" };

// named says what kept the camera away, and what a person does about it.
export function named(e) {
  const trouble = troubles[e.name];
  const untyped = trouble === "missing" && !takesTyped();
  return {
    word: t(words[trouble] ?? "word.no_camera"),
    why: t("camera.why." + (trouble ?? "other")),
    do: untyped ? t("camera.do.missing_code") : t("camera.do." + (trouble ?? "failed"), { meanwhile: t(takesTyped() ? "camera.meanwhile.all" : "camera.meanwhile.code") }),
  };
}
