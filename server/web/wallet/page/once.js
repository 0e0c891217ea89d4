// A form that an impatient hand presses twice is sent once. The link of it would be used
// up by the first, and its answer lost with what it sets.

for (const form of document.forms) {
  let sent = false;
  form.addEventListener("submit", (e) => {
    if (sent) e.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
}
