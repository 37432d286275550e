// Package encoded handles OTLP requests as bytes, for queues and batches that need not decode them.
//
// Concatenated requests of one signal are one valid request, because an OTLP request is a single repeated field. So queued
// data is decoded at most once, and is never measured by walking over its items.
package encoded
