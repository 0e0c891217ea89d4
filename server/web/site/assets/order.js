// The page of an order, made livelier: the time that is left, counted down, and a
// look now and then whether the order stands otherwise by now.

const { page, path, left } = document.body.dataset;
const started = performance.now(); // the server says how long, so no clock here matters
const clock = document.getElementById("clock");
const again = () => location.replace(path);

function tick() {
  const seconds = Math.ceil(Number(left) - (performance.now() - started) / 1000);
  if (seconds <= 0) {
    clearInterval(ticking);
    setTimeout(again, 500 + Math.random() * 500);
  }
  const s = Math.max(0, seconds);
  clock.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  clock.hidden = false;
  clock.classList.toggle("soon", s < 60);
}

const ticking = clock ? setInterval(tick, 1000) : 0;
if (clock) tick();

async function look() {
  try {
    const answer = await fetch(`${path}/state`, { cache: "no-store" });
    if (answer.ok && (await answer.json()).page !== page) again();
  } catch { /* the network is away; the next look is soon */ }
}

if (page === "away") setInterval(look, 2000);
if (page === "form" || page === "away") addEventListener("pageshow", (e) => { if (e.persisted) again(); });

// Pressed twice by an impatient hand, it is sent once.
for (const form of document.querySelectorAll("form")) {
  let sent = false;
  form.addEventListener("submit", (e) => { if (sent) e.preventDefault(); sent = true; });
}
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
