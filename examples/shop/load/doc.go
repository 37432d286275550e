// Package load places orders at a constant rate, with configured shares of failing and slow ones, and counts
// the results. It numbers the orders. The shop's spans have the run and the number, so the data in a store can
// be compared with what was sent. The driver has no telemetry of its own: an order's trace starts in the shop.
package load
