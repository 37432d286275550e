// Package leak does what careless code does: it writes secrets into spans, events and logs. The
// regional Collectors of Telepod take them out again, which the demo shows and the tests look for.
package leak
