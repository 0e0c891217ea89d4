// Forms that outlive a lost connection. Before one is sent the server is asked for a
// sign of life; where there is none the page stays as it is, with all that was typed,
// and says so. Pressed twice by an impatient hand, a form is sent once.

const patience = 8000; // ms for the sign of life
const gone = 10_000; // ms after which a page that is still here may be sent again

async function alive(path) {
  try {
    await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(patience) });
    return true; // whatever it says, somebody is there
  } catch {
    return false;
  }
}

for (const form of document.querySelectorAll("form[data-ask]")) {
  const offline = form.querySelector("[data-offline]");
  let state = "idle";
  form.addEventListener("submit", async (e) => {
    if (state === "heard") {
      state = "sent";
      setTimeout(() => { state = "idle"; }, gone);
      return;
    }
    e.preventDefault();
    if (state !== "idle") return;
    state = "asking";
    offline.hidden = true;
    state = await alive(form.dataset.ask) ? "heard" : "idle";
    if (state === "heard") {
      form.requestSubmit(e.submitter);
      return;
    }
    offline.hidden = false;
    offline.scrollIntoView({ block: "nearest" });
  });
  addEventListener("pageshow", () => { state = "idle"; });
  addEventListener("online", () => { offline.hidden = true; });
}
