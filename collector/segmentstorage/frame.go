package segmentstorage

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A frame is one batch of changes:
//
//	mark (4) | length of the list (4) | length of the values (4) | checksum of these (4) | checksum of the list (4) |
//	list | values
//
// The list contains the changes: kind, key and, for a set, the value's length and checksum. Recovery steps
// from list to list without reading the values. The checksums start from a seed that depends on a secret of
// the store and on the segment's number: neither the old content of a recycled file nor a sender's data that looks
// like a frame is accepted as one. The lengths have their own checksum, so that a
// search in such data stays linear.
const (
	frameHead   = 20
	maxFrame    = 1 << 30
	setKind     = byte(1)
	removeKind  = byte(2)
	footerMark  = "SGF1"
	headerMark  = "SGS1"
	trailerSize = 20 // mark (4) | end of the frames (4) | length of the list (4) | reserved (4) | checksum (4)
)

var (
	frameMark  = []byte{0xf7, 'S', 'G', 0xfe}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// change is one key to set or to remove.
type change struct {
	key    string
	value  []byte
	remove bool
}

// record is a change as a segment contains it.
type record struct {
	key    string
	remove bool
	offset uint32 // of the value in the segment
	size   uint32 // bytes of the value
	sum    uint32 // checksum of the value
}

// encodedSize is an upper bound of the bytes that a frame of these changes needs.
func encodedSize(changes []change) int64 {
	n := int64(frameHead)
	for _, c := range changes {
		n += 1 + 2*binary.MaxVarintLen32 + 4 + int64(len(c.key)) + int64(len(c.value))
	}
	return n
}

// encode appends the frame of the changes to b, which is empty. The records' offsets count from the frame's start.
func encode(b []byte, changes []change, seed uint32) ([]byte, []record) {
	b = append(b, make([]byte, frameHead)...)
	records := make([]record, len(changes))
	for i, c := range changes {
		records[i] = record{key: c.key, remove: c.remove, size: uint32(len(c.value))}
		if c.remove {
			b = append(b, removeKind)
			b = binary.AppendUvarint(b, uint64(len(c.key)))
			b = append(b, c.key...)
			continue
		}
		records[i].sum = crc32.Checksum(c.value, castagnoli)
		b = append(b, setKind)
		b = binary.AppendUvarint(b, uint64(len(c.key)))
		b = append(b, c.key...)
		b = binary.AppendUvarint(b, uint64(len(c.value)))
		b = binary.LittleEndian.AppendUint32(b, records[i].sum)
	}
	head := len(b)
	for i, c := range changes {
		records[i].offset = uint32(len(b))
		b = append(b, c.value...)
	}
	copy(b, frameMark)
	binary.LittleEndian.PutUint32(b[4:], uint32(head-frameHead))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(b)-head))
	binary.LittleEndian.PutUint32(b[12:], crc32.Update(seed, castagnoli, b[:12]))
	binary.LittleEndian.PutUint32(b[16:], crc32.Update(seed, castagnoli, b[frameHead:head]))
	return b, records
}

// frameLengths reads the fixed part of a frame: the bytes of the frame up to its values, and of its values.
func frameLengths(fixed []byte, seed uint32) (head, values int64, ok bool) {
	if len(fixed) < frameHead || !bytes.HasPrefix(fixed, frameMark) ||
		crc32.Update(seed, castagnoli, fixed[:12]) != binary.LittleEndian.Uint32(fixed[12:]) {
		return 0, 0, false
	}
	head = frameHead + int64(binary.LittleEndian.Uint32(fixed[4:]))
	values = int64(binary.LittleEndian.Uint32(fixed[8:]))
	return head, values, head+values <= maxFrame
}

// decode lists the records of a frame that begins at an offset of the segment. head is the frame without
// its values. It returns false if the checksum or the list is wrong.
func decode(head []byte, values, at int64, seed uint32) ([]record, bool) {
	if crc32.Update(seed, castagnoli, head[frameHead:]) != binary.LittleEndian.Uint32(head[16:]) {
		return nil, false
	}
	var records []record
	offset := at + int64(len(head))
	for rest := head[frameHead:]; len(rest) > 0; {
		r, n := decodeRecord(rest)
		if n == 0 || int64(r.size) > values {
			return nil, false
		}
		r.offset = uint32(offset)
		offset += int64(r.size)
		values -= int64(r.size)
		records = append(records, r)
		rest = rest[n:]
	}
	return records, values == 0
}

// decodeRecord reads one entry of a frame's list and returns its length, or 0 if it is invalid.
func decodeRecord(b []byte) (record, int) {
	kind, at := b[0], 1
	if kind != setKind && kind != removeKind {
		return record{}, 0
	}
	length, n := binary.Uvarint(b[at:])
	if n <= 0 || length > uint64(len(b)-at-n) {
		return record{}, 0
	}
	at += n
	r := record{key: string(b[at : at+int(length)]), remove: kind == removeKind}
	at += int(length)
	if r.remove {
		return r, at
	}
	size, n := binary.Uvarint(b[at:])
	if n <= 0 || size > maxFrame || len(b)-at-n < 4 {
		return record{}, 0
	}
	at += n
	r.size, r.sum = uint32(size), binary.LittleEndian.Uint32(b[at:])
	return r, at + 4
}
