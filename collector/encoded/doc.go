// Package encoded has OTLP requests as bytes, for queues and batches that need not look inside.
//
// Requests of one signal, written one after another, are the request of them all, because a request is a single
// repeated field. So what waits in a queue is decoded once, if at all, and never measured by a walk over its items.
package encoded
