package segmentstorage

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"go.uber.org/zap"
)

// Free segments that only bookkeeping may use: one that cleaning moves records into, and one for what
// bookkeeping adds before cleaning.
const reserve = 2

// options configure a store.
type options struct {
	dir     string
	disk    disk
	segment int64 // bytes of a segment
	maxSize int64 // bytes of all segments; 0: no limit
	minFree int64 // bytes of the file system that stay free
	log     *zap.Logger

	always      bool // sync after each write
	syncAtClose bool

	corrupt func()              // is called for each corrupt record
	refused func(reason string) // is called for each write that is refused for lack of room
}

// store is the log of segments of one client, and the index of what is current in it.
// It is not safe for concurrent use: client serializes access.
type store struct {
	options
	secret     secret
	number     uint64 // the highest number of a file so far
	index      map[string]*entry
	sealed     []*segment // in the order of their numbers
	active     *segment   // written to; nil before the first write
	free       []*segment
	used       int64 // bytes of all segments, including free ones
	live       int64 // bytes of keys and values that are current
	buffer     []byte
	rotated    bool  // since the last cleaning
	died       int64 // bytes that are no longer current, a running total
	tidiedAt   int64 // died at the last cleaning
	barrenAt   int64 // died when cleaning last made no room for an addition
	quarantine quarantine
}

// commit writes changes as one frame, all or none. Essential ones may use the reserve.
func (s *store) commit(changes []change, essential bool) error {
	if err := s.write(changes, essential); err != nil {
		return err
	}
	s.tidy()
	return nil
}

func (s *store) write(changes []change, essential bool) error {
	size, footer := encodedSize(changes), int64(0)
	for _, c := range changes {
		footer += footerShare(c.key)
	}
	if size > maxFrame {
		return fmt.Errorf("store a batch of %d bytes: the limit is %d; send smaller batches", size, maxFrame)
	}
	if !essential {
		if err := s.admit(size, footer); err != nil {
			return s.refuse(err)
		}
	}
	in, err := s.room(size, footer)
	if err != nil {
		return s.refuse(err)
	}
	frame, records := encode(s.buffer[:0], changes, s.secret.seed(in.number))
	if s.buffer = frame; cap(frame) > 1<<20 {
		s.buffer = nil
	}
	if err := s.put(in, frame); err != nil {
		return s.refuse(fmt.Errorf("append to %s: %w", in.path, err))
	}
	for _, r := range records {
		r.offset += uint32(in.end)
		s.note(in, r)
	}
	in.end += int64(len(frame))
	in.dirty = !s.always
	return nil
}

// put writes a frame at the segment's end. The next frame overwrites the remains of a failed write.
func (s *store) put(in *segment, frame []byte) error {
	if _, err := in.file.WriteAt(frame, in.end); err != nil {
		return err
	}
	if s.always {
		return in.file.Sync()
	}
	return nil
}

// admit ensures that the reserve is complete after a write that is not essential.
func (s *store) admit(size, footer int64) error {
	for tries := len(s.sealed) + 2*reserve + 2; ; tries-- {
		want := reserve
		if (s.active == nil || !s.active.fits(size, footer)) && fileFor(size, footer) <= s.segment {
			want++
		}
		if len(s.free) >= want {
			return nil
		}
		err := s.stock()
		if err == nil {
			continue
		}
		if tries <= 0 || s.died-s.barrenAt < s.segment/16 {
			return err
		}
		if !s.clean(s.segment * 3 / 4) { // and do not try again before more bytes have died
			s.barrenAt = s.died
			return err
		}
	}
}

// room returns a segment that has room for a frame, the active one or a new one.
func (s *store) room(size, footer int64) (*segment, error) {
	if s.active != nil && s.active.fits(size, footer) {
		return s.active, nil
	}
	next, err := s.next(fileFor(size, footer))
	if err != nil {
		return nil, err
	}
	head := header{key: s.secret}
	if s.active != nil {
		head.before, head.beforeEnd = s.active.number, s.active.end
	}
	s.number++
	if err := next.begin(s.disk, s.number, head); err != nil {
		s.forget(next)
		return nil, err
	}
	s.sealActive()
	s.active, s.rotated = next, true
	return next, nil
}

// fileFor returns the size of a file that has room for a frame.
func fileFor(size, footer int64) int64 { return headerSize + size + footer + trailerSize }

// next returns a free segment, or makes one if the frame is larger than a segment.
func (s *store) next(need int64) (*segment, error) {
	if need > s.segment {
		return s.create(need)
	}
	large := func(each *segment) bool { return each.capacity >= need }
	at := slices.IndexFunc(s.free, large)
	if at < 0 {
		if err := s.stock(); err != nil {
			return nil, err
		}
		at = len(s.free) - 1
	}
	next := s.free[at]
	s.free = slices.Delete(s.free, at, at+1)
	return next, nil
}

func (s *store) sealActive() {
	if s.active == nil {
		return
	}
	if err := s.active.seal(s.secret); err != nil { // recovery reads the frames instead
		s.log.Warn("A segment has no footer", zap.String("file", s.active.path), zap.Error(err))
	}
	s.sealed = append(s.sealed, s.active)
	s.active = nil
}

// stock adds a free segment.
func (s *store) stock() error {
	created, err := s.create(s.segment)
	if err == nil {
		s.free = append(s.free, created)
	}
	return err
}

// create allocates a file, if the bounds allow it.
func (s *store) create(size int64) (*segment, error) {
	if s.maxSize > 0 && s.used+size > s.maxSize {
		return nil, &refusal{reason: reasonMaxSize, text: fmt.Sprintf("max_size of %d bytes is reached", s.maxSize)}
	}
	if available, err := s.disk.available(s.dir); err == nil && available < size+s.minFree {
		reason := reasonFull
		if available >= size {
			reason = reasonFloor
		}
		return nil, &refusal{reason: reason, text: fmt.Sprintf(
			"a segment of %d bytes would leave less than min_free of %d bytes in %s (available: %d)", size, s.minFree, s.dir, available)}
	}
	s.number++
	path := filepath.Join(s.dir, fileName(s.number, freeSuffix))
	f, err := s.disk.create(path, size)
	if err != nil {
		return nil, fmt.Errorf("allocate %d bytes for %s: %w", size, path, err)
	}
	s.used += size
	return &segment{number: s.number, file: f, path: path, capacity: size}, nil
}

// forget deletes a segment's file.
func (s *store) forget(old *segment) {
	s.used -= old.capacity
	if err := old.discard(s.disk); err != nil {
		s.log.Warn("The file of a segment could not be deleted", zap.String("file", old.path), zap.Error(err))
	}
}

// close closes all files.
func (s *store) close() error {
	var errs []error
	for _, each := range s.segments() {
		errs = append(errs, each.file.Close())
	}
	for _, each := range s.free {
		errs = append(errs, each.file.Close())
	}
	return errors.Join(errs...)
}

// segments are those with frames, the active one last.
func (s *store) segments() []*segment {
	all := append([]*segment(nil), s.sealed...)
	if s.active != nil {
		all = append(all, s.active)
	}
	return all
}
