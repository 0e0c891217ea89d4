// What the camera sees now. A code is in many frames: as long as it is held before
// the lens, and until it was gone for a while, it is one sighting.

const gone = 3000; // ms without the code; what is shown after that is shown anew
const isTicket = (text) => /^U[TPS]1:/.test(text); // or a role card

// Sightings knows the codes in sight, each with what it was seen for: a code that
// was looked at is another sighting when it is to be let in.
export class Sightings {
  #seen = new Map();

  // fresh takes the texts in a frame and gives the one to be judged, or null. With
  // a ticket in the frame, what else is printed around it doesn't count.
  fresh(texts, purpose, now) {
    for (const [key, at] of this.#seen) if (now - at >= gone) this.#seen.delete(key);
    const tickets = texts.filter(isTicket);
    let first = null;
    for (const text of tickets.length ? tickets : texts) {
      const key = purpose + "\n" + text;
      if (this.#seen.has(key)) this.#seen.set(key, now);
      else first ??= text;
    }
    if (first !== null) this.#seen.set(purpose + "\n" + first, now);
    return first;
  }

  // forget lets the next frame with the text be judged.
  forget(text, purpose) { this.#seen.delete(purpose + "\n" + text); }

  // blind says that nothing could be seen for so long.
  blind(ms) { for (const [key, at] of this.#seen) this.#seen.set(key, at + ms); }
}
