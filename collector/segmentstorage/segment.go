package segmentstorage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strings"
)

const (
	// A segment's header: mark (4) | number (8) | number (8) and end of the frames (4) of the segment before |
	// secret (16) | checksum (4)
	headerSize    = 4 + 8 + 8 + 4 + secretSize + 4
	secretSize    = 16
	segmentSuffix = ".seg"
	freeSuffix    = ".free"
)

// secret is random, and the same for all segments of one client.
type secret [secretSize]byte

// seed returns the initial value of the checksums of a segment.
func (s secret) seed(number uint64) uint32 {
	return crc32.Checksum(binary.LittleEndian.AppendUint64(s[:], number), castagnoli)
}

// segment is a file of frames between a header and, once it is sealed, a footer.
type segment struct {
	number   uint64
	file     file
	path     string
	capacity int64
	end      int64    // where the next frame goes
	live     int64    // bytes of keys and values that are current
	footer   int64    // upper bound of the bytes that the footer needs
	mentions []*entry // keys that the segment sets or removes, each once
	dirty    bool     // written since the last sync
}

func fileName(number uint64, suffix string) string { return fmt.Sprintf("%016x%s", number, suffix) }

// fileNumber reads the number out of a name with a suffix.
func fileNumber(name, suffix string) (number uint64, ok bool) {
	hex, ok := strings.CutSuffix(name, suffix)
	if !ok || len(hex) != 16 {
		return 0, false
	}
	_, err := fmt.Sscanf(hex, "%016x", &number)
	return number, err == nil
}

// fits reports whether there is room for a frame, and for the footer after it.
func (s *segment) fits(size, footer int64) bool {
	return s.end+size+s.footer+footer+trailerSize <= s.capacity
}

// begin writes the header and gives the file the segment's name.
func (s *segment) begin(d disk, number uint64, h header) error {
	b := append(make([]byte, 0, headerSize), headerMark...)
	b = binary.LittleEndian.AppendUint64(b, number)
	b = binary.LittleEndian.AppendUint64(b, h.before)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.beforeEnd))
	b = append(b, h.key[:]...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if _, err := s.file.WriteAt(b, 0); err != nil {
		return fmt.Errorf("write the header of %s: %w", s.path, err)
	}
	s.number, s.end, s.live, s.footer, s.mentions, s.dirty = number, headerSize, 0, 0, nil, true
	return s.rename(d, fileName(number, segmentSuffix))
}

func (s *segment) rename(d disk, name string) error {
	path := filepath.Join(filepath.Dir(s.path), name)
	if err := d.rename(s.path, path); err != nil {
		return err
	}
	s.path = path
	return nil
}

// discard deletes the file.
func (s *segment) discard(d disk) error { return errors.Join(s.file.Close(), d.remove(s.path)) }

// header is the content of a segment's header.
type header struct {
	before    uint64 // number of the segment before
	beforeEnd int64  // end of its frames
	key       secret
}

func (s *segment) header() (h header, ok bool) {
	b := make([]byte, headerSize)
	if _, err := s.file.ReadAt(b, 0); err != nil || string(b[:4]) != headerMark ||
		crc32.Checksum(b[:headerSize-4], castagnoli) != binary.LittleEndian.Uint32(b[headerSize-4:]) ||
		binary.LittleEndian.Uint64(b[4:]) != s.number {
		return header{}, false
	}
	copy(h.key[:], b[24:])
	h.before, h.beforeEnd = binary.LittleEndian.Uint64(b[12:]), int64(binary.LittleEndian.Uint32(b[20:]))
	return h, true
}

// footerShare returns an upper bound of the bytes that a key needs in a footer.
func footerShare(key string) int64 { return int64(1 + 3*binary.MaxVarintLen32 + 4 + len(key)) }

// seal writes the footer: a summary of the segment's keys, with which recovery needs no scan.
func (s *segment) seal(key secret) error {
	b := make([]byte, 0, s.footer+trailerSize)
	for _, e := range s.mentions {
		kind := setKind
		if e.in != s {
			kind = removeKind
		}
		b = append(b, kind)
		b = binary.AppendUvarint(b, uint64(len(e.key)))
		b = append(b, e.key...)
		if kind == setKind {
			b = binary.AppendUvarint(b, uint64(e.size))
			b = binary.LittleEndian.AppendUint32(b, e.sum)
			b = binary.AppendUvarint(b, uint64(e.offset))
		}
	}
	list := len(b)
	b = append(b, footerMark...)
	b = binary.LittleEndian.AppendUint32(b, uint32(s.end))
	b = binary.LittleEndian.AppendUint32(b, uint32(list))
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(key.seed(s.number), castagnoli, b))
	if s.end+int64(len(b)) > s.capacity {
		return fmt.Errorf("no room for the footer of %s", s.path)
	}
	_, err := s.file.WriteAt(b, s.capacity-int64(len(b)))
	s.dirty = true
	return err
}

// footerRecords reads the footer and sets the end of the frames. It returns false if there is no valid footer.
func (s *segment) footerRecords(key secret) ([]record, bool) {
	trailer := make([]byte, trailerSize)
	if s.capacity < headerSize+trailerSize {
		return nil, false
	}
	if _, err := s.file.ReadAt(trailer, s.capacity-trailerSize); err != nil || string(trailer[:4]) != footerMark {
		return nil, false
	}
	end, size := int64(binary.LittleEndian.Uint32(trailer[4:])), int64(binary.LittleEndian.Uint32(trailer[8:]))
	if end < headerSize || end+size+trailerSize > s.capacity {
		return nil, false
	}
	list := make([]byte, size)
	if _, err := s.file.ReadAt(list, s.capacity-trailerSize-size); err != nil {
		return nil, false
	}
	sum := crc32.Update(crc32.Update(key.seed(s.number), castagnoli, list), castagnoli, trailer[:trailerSize-4])
	if sum != binary.LittleEndian.Uint32(trailer[trailerSize-4:]) {
		return nil, false
	}
	records, ok := decodeFooter(list, end)
	if ok {
		s.end = end
	}
	return records, ok
}

func decodeFooter(list []byte, end int64) ([]record, bool) {
	var records []record
	for len(list) > 0 {
		r, n := decodeRecord(list)
		if n == 0 {
			return nil, false
		}
		list = list[n:]
		if !r.remove {
			offset, n := binary.Uvarint(list)
			if n <= 0 || offset+uint64(r.size) > uint64(end) {
				return nil, false
			}
			r.offset = uint32(offset)
			list = list[n:]
		}
		records = append(records, r)
	}
	return records, true
}
