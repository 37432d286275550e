package segmentstorage

import (
	"errors"
	"fmt"
	"hash/crc32"

	"go.uber.org/zap"
)

var errCorrupt = errors.New("the record is corrupt")

// entry is the index's entry for a key that a segment mentions, about 100 bytes with its place in the map.
type entry struct {
	key      string
	in       *segment // contains the value; nil if the key is removed
	last     *segment // the newest that mentions the key
	offset   uint32
	size     uint32
	sum      uint32
	mentions int32 // segments that mention the key
}

func (e *entry) weight() int64 { return int64(len(e.key)) + int64(e.size) }

// lookup returns the entry of a key that has a value, or nil.
func (s *store) lookup(key string) *entry {
	if e := s.index[key]; e != nil && e.in != nil {
		return e
	}
	return nil
}

// read returns the value. A corrupt record is set aside: afterwards the key has no value.
func (s *store) read(e *entry) ([]byte, error) {
	value := make([]byte, e.size)
	_, err := e.in.file.ReadAt(value, int64(e.offset))
	if err == nil && crc32.Checksum(value, castagnoli) == e.sum {
		return value, nil
	}
	if err == nil {
		err = errCorrupt
	}
	s.setAside(e.in, int64(e.offset), int64(e.size), fmt.Errorf("value of key %q: %w", e.key, err))
	s.drop(e)
	return nil, err
}

// setAside counts a corrupt part of a segment and keeps a copy of it.
func (s *store) setAside(in *segment, at, size int64, reason error) {
	s.corrupt()
	s.log.Error("A record is corrupt and was set aside", zap.String("file", in.path), zap.Int64("offset", at),
		zap.Int64("bytes", size), zap.String("copy", s.quarantine.path), zap.Error(reason))
	if err := s.quarantine.add(in, at, size, reason); err != nil {
		s.log.Warn("The copy of a corrupt record is incomplete", zap.Error(err))
	}
}

// drop removes the value of a key.
func (s *store) drop(e *entry) {
	if e.in == nil {
		return
	}
	e.in.live -= e.weight()
	s.live -= e.weight()
	s.died += e.weight()
	e.in = nil
}

// note updates the index with a record of the newest segment.
func (s *store) note(in *segment, r record) {
	e := s.index[r.key]
	if e == nil {
		if r.remove { // and no segment mentions the key
			return
		}
		e = &entry{key: r.key}
		s.index[r.key] = e
	}
	s.drop(e)
	if e.last != in {
		e.last = in
		e.mentions++
		in.mentions = append(in.mentions, e)
		in.footer += footerShare(e.key)
	}
	if r.remove {
		return
	}
	e.in, e.offset, e.size, e.sum = in, r.offset, r.size, r.sum
	in.live += e.weight()
	s.live += e.weight()
}
