// Package spoolconnector is a queue on disk in front of any pipeline.
//
// It keeps the data that it accepts until the pipeline behind it has accepted that data, and adds to exporterhelper's queue
// what exporters lack: a full queue can drop the oldest data instead of refusing the newest; data that a store will never
// accept is set aside instead of being retried forever; and an exporter without a queue on disk gets one. The exporters
// behind it must not have queues: with one they would accept data that they have not delivered.
package spoolconnector
