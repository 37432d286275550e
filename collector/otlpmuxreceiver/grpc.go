package otlpmuxreceiver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Unary calls of gRPC over HTTP/2: one length-prefixed message each way, then a status.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

const acceptedEncodings = "identity,gzip,zstd,snappy"

var okStatus = status.New(codes.OK, "")

func (s *server) receiveGRPC(w http.ResponseWriter, r *http.Request, current *call) {
	ctx, cancel, problem := grpcDeadline(r)
	if problem == nil {
		defer cancel()
		problem = s.serveGRPC(ctx, r, current)
	}
	header := w.Header()
	if problem != nil {
		if problem.why == refusedEncoding {
			header.Set("Grpc-Accept-Encoding", acceptedEncodings)
		}
		s.writeError(w, r, problem)
		return
	}
	writeGRPCStatus(header, http.TrailerPrefix, okStatus)
	answer := current.signal.success[protobufFormat]
	prefix := binary.BigEndian.AppendUint32(make([]byte, 1, 5+len(answer)), uint32(len(answer)))
	_, _ = w.Write(append(prefix, answer...))
}

func (s *server) serveGRPC(ctx context.Context, r *http.Request, current *call) *requestError {
	compressed, length, problem := readPrefix(r.Body)
	if problem != nil {
		return problem
	}
	limit := s.config.MaxRequestBodySize
	if length > limit {
		return tooLargeError(limit)
	}
	encoding := "identity"
	if compressed {
		if encoding = r.Header.Get("Grpc-Encoding"); encoding == "" || encoding == "identity" {
			return refuse(refusedBody, http.StatusBadRequest, codes.Internal, "message is compressed, but grpc-encoding names no compression")
		}
	}
	current.size = expectedSize(length, compressed, limit)
	held, why := s.admission.admit(current.peer, current.size)
	if why != "" {
		return overloadError(why)
	}
	current.held = held

	body, problem := s.readMessage(r.Body, length, encoding, current)
	if problem != nil {
		return problem
	}
	return s.consume(ctx, current, body)
}

// readPrefix reads the five bytes in front of a message.
func readPrefix(r io.Reader) (compressed bool, length int64, problem *requestError) {
	var prefix [5]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return false, 0, bodyError(err)
	}
	if prefix[0] > 1 {
		return false, 0, refuse(refusedBody, http.StatusBadRequest, codes.Internal, fmt.Sprintf("unknown flag %d in front of the message", prefix[0]))
	}
	return prefix[0] == 1, int64(binary.BigEndian.Uint32(prefix[1:])), nil
}

// readMessage reads a message of length bytes, which must be the only one, and decompresses it.
func (s *server) readMessage(r io.Reader, length int64, encoding string, current *call) ([]byte, *requestError) {
	wire := &io.LimitedReader{R: r, N: length}
	reader, known, err := s.buffers.decompressor(encoding, wire)
	if !known {
		return nil, refuse(refusedEncoding, http.StatusUnsupportedMediaType, codes.Unimplemented,
			fmt.Sprintf("grpc-encoding %.100q is not supported; use one of %s", encoding, acceptedEncodings))
	}
	if err != nil {
		return nil, bodyError(err)
	}
	body, err := s.buffers.read(reader, current.size, s.config.MaxRequestBodySize, current.held)
	_ = reader.Close()
	if err != nil {
		return nil, bodyError(err)
	}
	var extra [1]byte
	if wire.N > 0 || errors.Is(readEnd(r, extra[:]), errMore) {
		s.buffers.put(body)
		return nil, refuse(refusedBody, http.StatusBadRequest, codes.Internal, "request does not consist of exactly one message")
	}
	return body, nil
}

var errMore = errors.New("more data")

// readEnd waits for the end of the request, which the client sends right behind its message.
func readEnd(r io.Reader, extra []byte) error {
	if n, err := io.ReadFull(r, extra); n == 0 {
		return err
	}
	return errMore
}

// grpcDeadline applies the client's timeout to the request's context.
func grpcDeadline(r *http.Request) (context.Context, context.CancelFunc, *requestError) {
	value := r.Header.Get("Grpc-Timeout")
	if value == "" {
		return r.Context(), func() {}, nil
	}
	timeout, ok := parseTimeout(value)
	if !ok {
		return nil, nil, refuse(refusedBody, http.StatusBadRequest, codes.Internal, fmt.Sprintf("malformed grpc-timeout %.20q", value))
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	return ctx, cancel, nil
}

// parseTimeout reads a grpc-timeout: at most eight digits and a unit.
func parseTimeout(value string) (time.Duration, bool) {
	last := len(value) - 1
	if last < 1 || last > 8 {
		return 0, false
	}
	n, err := strconv.ParseUint(value[:last], 10, 32)
	if err != nil {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second,
		'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}[value[last]]
	if !ok || time.Duration(n) > (1<<63-1)/unit {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
