// Package spoolconnector is a queue on disk in front of any pipeline.
//
// It keeps what it accepts until the pipeline behind it has accepted that, and adds to exporterhelper's queue what
// exporters lack: a full queue can drop the oldest data instead of refusing the newest; data that a store will never
// accept is put aside, so that it is not sent again for ever; and an exporter without a queue on disk gets one. The
// exporters behind it need no queue of their own: with one they would accept what they have not delivered.
package spoolconnector
