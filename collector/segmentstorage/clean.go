package segmentstorage

import (
	"errors"
	"slices"

	"go.uber.org/zap"
)

const (
	// movedAtOnce bounds the bytes that cleaning keeps in memory, except for single values that are larger.
	movedAtOnce = 1 << 20
	// cleanedAtOnce bounds the segments that one batch waits for.
	cleanedAtOnce = 8
)

// tidy frees segments: those without a current record, then others if the reserve is incomplete
// or if the files are much larger than their current records.
func (s *store) tidy() {
	var dead []*segment
	for _, each := range s.sealed {
		if each.live == 0 {
			dead = append(dead, each)
		}
	}
	for _, each := range dead {
		s.evacuate(each)
	}
	if !s.rotated && s.died-s.tidiedAt < s.segment/16 {
		return
	}
	s.tidiedAt = s.died
	for tries := cleanedAtOnce; tries > 0 && len(s.free) < reserve; tries-- {
		if s.stock() != nil && !s.clean(s.segment-s.segment/16) {
			break
		}
	}
	for tries := cleanedAtOnce; tries > 0 && s.used > 2*s.live+(reserve+4)*s.segment; tries-- {
		if !s.clean(s.segment / 2) {
			break
		}
	}
	s.rotated = false
}

// clean empties the segment that is cheapest to empty, if that moves no more than the given number of bytes.
func (s *store) clean(most int64) bool {
	var victim *segment
	for _, each := range s.sealed {
		if each.live > most {
			continue
		}
		if cost := s.cost(each); cost <= most {
			victim, most = each, cost
		}
	}
	return victim != nil && s.evacuate(victim)
}

// cost estimates the number of bytes that emptying a segment writes.
func (s *store) cost(of *segment) int64 {
	cost := of.live
	for _, e := range of.mentions {
		switch {
		case e.in == of:
			cost += 16
		case s.needed(e, of):
			cost += int64(len(e.key)) + 2
		}
	}
	return cost
}

// needed reports whether the segment's note that a key was removed still hides a value in another segment.
func (s *store) needed(e *entry, in *segment) bool {
	return e.in == nil && e.last == in && e.mentions > 1
}

// evacuate appends the current records of a sealed segment to the active one and frees the segment.
func (s *store) evacuate(old *segment) bool {
	if s.cost(old) > s.reachable() {
		return false
	}
	moved, first := old.live > 0, s.number
	if s.active != nil {
		first = s.active.number
	}
	if err := s.move(old); err != nil {
		s.log.Warn("A segment could not be emptied", zap.String("file", old.path), zap.Error(err))
		return false
	}
	if moved { // the old copies of the records were safe
		if err := s.syncFrom(first); err != nil {
			s.log.Warn("Moved records could not be synced", zap.Error(err))
			return false
		}
	}
	s.release(old)
	return true
}

// reachable returns the room for essential writes, without the losses at the ends of segments.
func (s *store) reachable() int64 {
	room := int64(0)
	for _, each := range s.free {
		room += each.capacity - each.capacity/32
	}
	if s.active != nil {
		room += max(0, s.active.capacity-s.active.end-s.active.footer-trailerSize)
	}
	return room
}

func (s *store) move(old *segment) error {
	var changes []change
	size, most := 0, int(min(movedAtOnce, s.segment/32)) // small frames waste little at the end of a segment
	flush := func() error {
		if len(changes) == 0 {
			return nil
		}
		err := s.write(changes, true)
		changes, size = changes[:0], 0
		return err
	}
	for _, e := range old.mentions {
		switch {
		case e.in == old:
			value, err := s.read(e)
			if err != nil { // set aside
				if s.needed(e, old) {
					changes = append(changes, change{key: e.key, remove: true})
				}
				continue
			}
			if size > 0 && size+len(value) > most {
				if err := flush(); err != nil {
					return err
				}
			}
			changes = append(changes, change{key: e.key, value: value})
			size += len(e.key) + len(value)
		case s.needed(e, old):
			changes = append(changes, change{key: e.key, remove: true})
			size += len(e.key) + 2
		}
		if size > most {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// release turns an empty segment into a free one.
func (s *store) release(old *segment) {
	s.sealed = slices.DeleteFunc(s.sealed, func(each *segment) bool { return each == old })
	for _, e := range old.mentions {
		if e.mentions--; e.last == old {
			e.last = nil
		}
		if e.mentions == 0 {
			delete(s.index, e.key)
		}
	}
	old.mentions = nil
	if len(s.free) > reserve || old.capacity != s.segment && len(s.free) >= reserve {
		s.forget(old)
		return
	}
	s.number++
	if err := old.rename(s.disk, fileName(s.number, freeSuffix)); err != nil {
		s.log.Warn("A segment could not be recycled", zap.String("file", old.path), zap.Error(err))
		s.forget(old)
		return
	}
	s.free = append(s.free, old)
}

// syncFrom syncs the segments from a number on.
func (s *store) syncFrom(number uint64) error {
	var errs []error
	for _, each := range s.segments() {
		if each.number < number || !each.dirty {
			continue
		}
		if err := each.file.Sync(); err != nil {
			errs = append(errs, err)
			continue
		}
		each.dirty = false
	}
	return errors.Join(errs...)
}
