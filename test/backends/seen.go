package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
)

// words are texts that should not arrive.
type words [][]byte

func (w *words) add(text string) error {
	if text == "" {
		return errors.New("the text is empty")
	}
	*w = append(*w, []byte(text))
	return nil
}

func (w words) in(data []byte) bool {
	for _, word := range w {
		if bytes.Contains(data, word) {
			return true
		}
	}
	return false
}

// found counts the objects that contain a watched text, and all objects.
type found struct{ With, Of int64 }

// seen searches the whole archive.
func seen(a *archive, b *broker) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		keys, err := a.keys("")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		objects := found{Of: int64(len(keys))}
		for _, key := range keys {
			data, err := a.read(key)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			if b.watch.in(data) {
				objects.With++
			}
		}
		// Fails only if the client has disconnected.
		_ = json.NewEncoder(w).Encode(map[string]found{"s3": objects, "kafka": {With: b.caught.Load(), Of: b.records.Load()}})
	}
}
