// Package admission decides who comes in, and finds out afterwards where gates
// that could not hear each other let one ticket in twice. It is pure: no clock,
// no randomness, no I/O, the same answer for the same arguments on every node.
//
// # One decision
//
// [Decide] is the only place where a verdict is made. It runs an ordered list of
// checks over what a gate knows ([Context]), what was held before it
// ([Presented]), the ticket's newest revocation ([Void]) and the ticket's past
// ([Act]), and stops at the first that fails, so that the reason shown is the one
// a person can act on, and a ticket's state is named before its use.
//
// # One order
//
// Every scan names its parents: the newest records of that ticket that the gate
// knew ([Frontier]). [Order] lays the records of a ticket out so that what was
// known comes before what was decided on it, an author's records come in their
// own sequence whatever its clock said, and only what is left open is settled by
// corrected time and then by hash. Order has a property that all else leans on:
// for any set of records that holds all ancestors of its members, its order is
// that of the whole with the others left out. So a gate that knew everything that
// precedes its scan saw exactly the past that the merge sees.
//
// # Conflicts
//
// [Judge] takes a ticket's records in the agreed order and decides each admission
// again by the same checks, with the event's rules as that gate knew them. An
// admission that was green at its gate, is not green in the agreed order and was
// no operator's override is a [Conflict]. The checks that depend on nothing but
// the gate itself (its clock, its keys, the code) are settled and not repeated.
//
// An admission is judged once everything that its gate says it knew is held here;
// until then it waits ([Finding].Waiting). So a record that is late on its way
// never makes a conflict out of an admission that was right.
//
// # What is promised
//
//   - The same records give the same order, states and conflicts, in whatever
//     order they came.
//   - An admission whose gate knew all of its predecessors in the agreed order is
//     in no conflict, at no node and at no time.
//   - Of two admissions of which a gate that knew both would have refused the
//     second, one is found to be too many, once.
//   - No input panics or hangs, and nothing that can't be evaluated is let in.
package admission
