// Package segmentstorage is the segment_storage extension: it persists the state of Collector components in a crash-safe,
// append-only log of preallocated segments. It serves exporterhelper's persistent
// queue, the offsets of the filelog receiver, and any other user of the storage interface.
//
// Layers, from the outside in: extension.go (directory, lock, clients), client.go (the upstream interface),
// parking.go (a queue that starts), store.go (the log and the bounds of its size), index.go (what is current),
// clean.go (frees segments), recover.go (recovery after a crash), segment.go and frame.go (bytes),
// disk*.go (the file system), import.go (files of the contrib file_storage extension).
//
// It does not interpret what its clients store, does not encrypt, and does not replicate: a lost disk is lost data.
package segmentstorage
