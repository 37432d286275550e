package otlpmuxreceiver

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
	grpcType     = "application/grpc"
	textType     = "text/plain; charset=utf-8"
)

// requestError is a request that did not reach the pipeline, or that the pipeline did not accept.
type requestError struct {
	why        refusal // empty: the pipeline's own error, which receiverhelper has counted
	httpStatus int
	status     *status.Status
}

func (e *requestError) Error() string { return e.status.Message() }

func refuse(why refusal, httpStatus int, code codes.Code, message string) *requestError {
	return &requestError{why: why, httpStatus: httpStatus, status: status.New(code, message)}
}

// pipelineError maps a consumer's error as the upstream receiver does: a gRPC status is passed on,
// a permanent error is the server's fault, anything else may be retried.
// Source: https://opentelemetry.io/docs/specs/otlp/#failures
func pipelineError(err error) *requestError {
	st, ok := status.FromError(err)
	if !ok {
		code := codes.Unavailable
		if consumererror.IsPermanent(err) {
			code = codes.Internal
		}
		st = status.New(code, err.Error())
	}
	return &requestError{httpStatus: httpStatusOf(st.Code()), status: st}
}

// httpStatusOf returns the HTTP status with the same retry rule in the OTLP specification as the code.
func httpStatusOf(code codes.Code) int {
	switch code {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return http.StatusServiceUnavailable
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.InvalidArgument:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.Unimplemented:
		return http.StatusNotFound
	default:
		return http.StatusInternalServerError
	}
}

// bodyError explains why a body could not be read.
func bodyError(err error) *requestError {
	var own *requestError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &tooLarge):
		return tooLargeError(tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(refusedBody, http.StatusServiceUnavailable, codes.Unavailable, "request body did not arrive within read_timeout; retry later")
	default:
		return refuse(refusedBody, http.StatusBadRequest, codes.InvalidArgument, "read request body: "+err.Error())
	}
}

func tooLargeError(limit int64) *requestError {
	return refuse(refusedTooLarge, http.StatusRequestEntityTooLarge, codes.InvalidArgument,
		fmt.Sprintf("request is larger than %d bytes after decompression; send smaller batches, or raise max_request_body_size", limit))
}

func overloadError(why refusal) *requestError {
	text := "receiver has no memory for this request now; retry later"
	if why == refusedShare {
		text = "this peer already has its share of the receiver's memory in flight; retry later"
	}
	return refuse(why, http.StatusServiceUnavailable, codes.Unavailable, text)
}

// withRetry adds a retry delay to a status that asks for a retry without one. The delay is
// random, so that clients refused together do not return together.
func withRetry(st *status.Status, longest time.Duration) (*status.Status, time.Duration) {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return st, info.GetRetryDelay().AsDuration()
		}
	}
	if st.Code() != codes.Unavailable {
		return st, 0
	}
	delay := time.Second + rand.N(longest-time.Second+1)
	detailed, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	if err != nil { // cannot happen: the status is an error and the detail a known message
		return st, delay
	}
	return detailed, delay
}

// writeError answers in the protocol and format of the request, as OTLP requires; it answers other
// clients in plain text.
func (s *server) writeError(w http.ResponseWriter, r *http.Request, e *requestError) {
	if e.why != "" {
		s.report.refuseRequest(r.Context(), e.why)
	}
	st, delay := withRetry(e.status, s.config.Admission.MaxRetryAfter)
	header := w.Header()
	contentType := mediaType(r)
	if contentType == grpcType && r.ProtoMajor == 2 {
		writeGRPCStatus(header, "", st)
		w.WriteHeader(http.StatusOK)
		return
	}
	if delay > 0 {
		header.Set("Retry-After", strconv.FormatInt(int64((delay+time.Second-1)/time.Second), 10))
	}
	body, contentType := encodeStatus(st, contentType)
	header.Set("Content-Type", contentType)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(e.httpStatus)
	_, _ = w.Write(body)
}

func encodeStatus(st *status.Status, contentType string) ([]byte, string) {
	switch contentType {
	case protobufType:
		if body, err := proto.Marshal(st.Proto()); err == nil {
			return body, protobufType
		}
	case jsonType:
		if body, err := protojson.Marshal(st.Proto()); err == nil {
			return body, jsonType
		}
	}
	return []byte(st.Message() + "\n"), textType
}

// writeGRPCStatus sets the fields that end a gRPC call, with http.TrailerPrefix as prefix if a
// message precedes them.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
func writeGRPCStatus(header http.Header, prefix string, st *status.Status) {
	header.Set("Content-Type", grpcType)
	header.Set(prefix+"Grpc-Status", strconv.Itoa(int(st.Code())))
	if st.Code() == codes.OK {
		return
	}
	header.Set(prefix+"Grpc-Message", percentEncode(st.Message()))
	if len(st.Proto().GetDetails()) > 0 {
		if details, err := proto.Marshal(st.Proto()); err == nil {
			header.Set(prefix+"Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
		}
	}
}

// percentEncode encodes a grpc-message: everything but printable ASCII, and the percent sign.
func percentEncode(message string) string {
	const hex = "0123456789ABCDEF"
	encoded := make([]byte, 0, len(message))
	for i := range len(message) {
		if b := message[i]; b >= ' ' && b <= '~' && b != '%' {
			encoded = append(encoded, b)
		} else {
			encoded = append(encoded, '%', hex[b>>4], hex[b&15])
		}
	}
	return string(encoded)
}
