// Package load places orders at a constant rate, some of which are to fail or to be slow, and
// counts what became of them. It numbers them, and the shop's spans carry run and number, so that
// what arrives in a store can be compared with what was sent. It has no telemetry of its own: an
// order's trace begins in the shop.
package load
