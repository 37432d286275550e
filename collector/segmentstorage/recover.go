package segmentstorage

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"
)

// secretName is the file with the secret; each segment's header has a copy.
const secretName = "secret"

// openStore opens the store in a directory. It does not read values, except for those of the newest frame.
func openStore(o options) (*store, error) {
	s := &store{
		options: o, index: map[string]*entry{},
		quarantine: quarantine{path: filepath.Join(o.dir, "quarantine"), limit: o.segment},
	}
	s.barrenAt = -o.segment
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the storage in %s: %w", o.dir, err), s.close())
	}
	s.rotated = true
	if len(s.segments()) > 0 {
		s.tidy()
	}
	return s, nil
}

func (s *store) recover() error {
	names, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var found []*segment
	for _, each := range names {
		if number, ok := fileNumber(each.Name(), segmentSuffix); ok {
			old, err := s.adopt(each.Name(), number)
			if err != nil {
				return err
			}
			found = append(found, old)
			s.sealed = found // to be closed on an error
		} else if number, ok := fileNumber(each.Name(), freeSuffix); ok {
			if err := s.adoptFree(each.Name(), number); err != nil {
				return err
			}
		}
	}
	s.sealed = nil
	slices.SortFunc(found, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	if err := s.findSecret(found); err != nil {
		s.sealed = found
		return err
	}
	for i := range found {
		s.replay(found[i:])
	}
	s.replaceFree()
	return nil
}

func (s *store) adopt(name string, number uint64) (*segment, error) {
	path := filepath.Join(s.dir, name)
	f, size, err := s.disk.open(path)
	if err != nil {
		return nil, err
	}
	s.number = max(s.number, number)
	s.used += size
	return &segment{number: number, file: f, path: path, capacity: size, end: headerSize}, nil
}

// adoptFree keeps a free segment, unless there are enough.
func (s *store) adoptFree(name string, number uint64) error {
	old, err := s.adopt(name, number)
	if err != nil {
		return err
	}
	if len(s.free) > reserve {
		s.forget(old)
		return nil
	}
	s.free = append(s.free, old)
	return nil
}

// replaceFree replaces free segments that a process with another segment_size left. Without room for new ones they
// stay: even a small one is room for bookkeeping.
func (s *store) replaceFree() {
	for _, old := range s.free {
		if old.capacity == s.segment {
			continue
		}
		if old.capacity < s.segment && s.stock() != nil {
			continue
		}
		s.free = slices.DeleteFunc(slices.Clone(s.free), func(each *segment) bool { return each == old })
		s.forget(old)
	}
}

// findSecret reads the secret from its file or from a segment's header. A new store gets a new secret.
func (s *store) findSecret(found []*segment) error {
	path := filepath.Join(s.dir, secretName)
	b, err := os.ReadFile(path)
	if err == nil && len(b) == secretSize+4 && crc32.Checksum(b[:secretSize], castagnoli) == binary.LittleEndian.Uint32(b[secretSize:]) {
		s.secret = secret(b[:secretSize])
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	at := slices.IndexFunc(found, func(each *segment) bool { _, ok := each.header(); return ok })
	if at >= 0 {
		h, _ := found[at].header()
		s.secret = h.key
	} else if _, err := rand.Read(s.secret[:]); err != nil {
		return err
	}
	b = binary.LittleEndian.AppendUint32(s.secret[:], crc32.Checksum(s.secret[:], castagnoli))
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// replay updates the index with the first of the segments that are left.
func (s *store) replay(left []*segment) {
	this, last := left[0], len(left) == 1
	if records, ok := this.footerRecords(s.secret); ok {
		for _, r := range records {
			s.note(this, r)
		}
		s.sealed = append(s.sealed, this)
		return
	}
	limit := this.capacity
	if !last {
		if h, ok := left[1].header(); ok && h.before == this.number && h.beforeEnd <= this.capacity {
			limit = h.beforeEnd
		}
	}
	if _, ok := this.header(); !ok {
		s.log.Error("The header of a segment is damaged; its records are read anyway", zap.String("file", this.path))
	}
	s.scan(this, limit, last)
	if last {
		s.active, this.dirty = this, true
		return
	}
	if limit < this.capacity && this.end < limit {
		s.setAside(this, this.end, limit-this.end, errCorrupt)
		this.end = limit
	}
	if err := this.seal(s.secret); err != nil {
		s.log.Warn("A segment has no footer", zap.String("file", this.path), zap.Error(err))
	}
	s.sealed = append(s.sealed, this)
}

// scan reads the frames of a segment. A damaged part costs only the records in it.
// In the last segment it drops a newest frame with values that were not written completely.
func (s *store) scan(in *segment, limit int64, last bool) {
	r := &reader{file: in.file, limit: limit}
	seed := s.secret.seed(in.number)
	var newest []record
	var newestAt int64
	keep := func() {
		for _, each := range newest {
			s.note(in, each)
		}
	}
	for at := int64(headerSize); ; {
		records, size := r.frame(at, seed)
		if size == 0 {
			next := r.nextFrame(at+1, seed)
			if next < 0 {
				break
			}
			s.setAside(in, at, next-at, errCorrupt)
			at = next
			continue
		}
		keep()
		newest, newestAt = records, at
		at += size
		in.end = at
	}
	if last && !r.complete(newest) {
		s.log.Info("The newest batch was not written completely and is dropped", zap.String("file", in.path), zap.Int64("offset", newestAt))
		in.end = newestAt
		return
	}
	keep()
}

// reader reads parts of a segment with a bounded buffer.
type reader struct {
	file   file
	limit  int64 // bytes of the segment that may contain frames
	buffer []byte
	start  int64 // of the buffer in the segment
}

const (
	stepAhead   = 4 << 10  // bytes to read where a frame begins
	searchAhead = 64 << 10 // bytes to read at once in a search
)

// at returns n bytes at an offset. If it has to read them, it reads up to ahead bytes. It returns nil beyond the limit.
func (r *reader) at(offset, n, ahead int64) []byte {
	if offset < 0 || n < 0 || offset+n > r.limit {
		return nil
	}
	if offset < r.start || offset+n > r.start+int64(len(r.buffer)) {
		size := min(max(n, ahead), r.limit-offset)
		if int64(cap(r.buffer)) < size {
			r.buffer = make([]byte, size)
		}
		r.buffer, r.start = r.buffer[:size], offset
		if _, err := r.file.ReadAt(r.buffer, offset); err != nil {
			r.buffer = r.buffer[:0]
			return nil
		}
	}
	return r.buffer[offset-r.start:][:n]
}

// frame reads the records of the frame at an offset, and the frame's size, 0 if there is none.
func (r *reader) frame(at int64, seed uint32) ([]record, int64) {
	head, values, ok := frameLengths(r.at(at, frameHead, stepAhead), seed)
	if !ok || at+head+values > r.limit {
		return nil, 0
	}
	b := r.at(at, head, stepAhead)
	if b == nil {
		return nil, 0
	}
	records, ok := decode(b, values, at, seed)
	if !ok {
		return nil, 0
	}
	return records, head + values
}

// nextFrame finds the first frame that begins at an offset or later, -1 if there is none.
func (r *reader) nextFrame(from int64, seed uint32) int64 {
	for from+frameHead <= r.limit {
		size := min(searchAhead, r.limit-from)
		part := r.at(from, size, searchAhead)
		if part == nil { // an unreadable place
			from += stepAhead
			continue
		}
		skip := bytes.Index(part, frameMark)
		if skip < 0 {
			from += size - int64(len(frameMark)) + 1
			continue
		}
		from += int64(skip)
		if _, size := r.frame(from, seed); size > 0 {
			return from
		}
		from++
	}
	return -1
}

// complete reports whether the values of records are as they were written.
func (r *reader) complete(records []record) bool {
	for _, each := range records {
		sum := uint32(0)
		for at, end := int64(each.offset), int64(each.offset)+int64(each.size); at < end; {
			part := r.at(at, min(searchAhead, end-at), searchAhead)
			if part == nil {
				return false
			}
			sum = crc32.Update(sum, castagnoli, part)
			at += int64(len(part))
		}
		if sum != each.sum {
			return false
		}
	}
	return true
}
