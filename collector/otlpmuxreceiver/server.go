package otlpmuxreceiver

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"google.golang.org/grpc/codes"
)

// server handles the requests of all endpoints.
type server struct {
	config    *Config
	report    *telemetry
	routes    *routes
	admission *admission
	buffers   *buffers

	obsHTTP, obsGRPC *receiverhelper.ObsReport
	next             http.Handler // confighttp's chain, which ends in receive
}

// call is what is known about a request before confighttp's chain changes it.
type call struct {
	signal *signal
	peer   string
	held   *reservation // nil before admission; gRPC is admitted when the length of its message is known
	size   int64        // expected bytes of the body after decompression
	isGRPC bool
	as     format
}

// release frees the memory that the call has reserved, if any.
func (c *call) release() {
	if c.held != nil {
		c.held.release()
	}
}

type callKey struct{}

// ServeHTTP admits or refuses a request without reading its body, and then enters the chain.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := connOf(r.Context())
	if c.expired() {
		w.Header().Set("Connection", "close") // in HTTP/2 the server turns this into GOAWAY
	}
	contentType := mediaType(r)
	if !c.known.Load() && !c.known.Swap(true) {
		s.report.acceptConnection(r.Context(), protocolOf(r, contentType))
	}
	if r.Method == http.MethodOptions && s.config.CORS.HasValue() {
		s.next.ServeHTTP(w, r)
		return
	}
	current, problem := s.route(r, contentType)
	if problem == nil {
		problem = s.admit(current, r)
	}
	if problem != nil {
		s.writeError(w, r, problem)
		return
	}
	defer current.release()
	ctx := context.WithValue(r.Context(), callKey{}, current)
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		ctx = client.NewContext(ctx, client.Info{Auth: certificateAuth{r.TLS.PeerCertificates[0]}})
	}
	r = r.WithContext(ctx)
	if r.Header.Get("Content-Encoding") == "identity" {
		r.Header.Del("Content-Encoding") // confighttp does not support it
	}
	r.Pattern = current.signal.httpPath
	s.next.ServeHTTP(w, r)
}

// route determines the signal and the format of a request.
func (s *server) route(r *http.Request, contentType string) (*call, *requestError) {
	current := &call{isGRPC: contentType == grpcType, as: protobufFormat}
	current.signal = s.routes.find(r.URL.Path, current.isGRPC)
	switch {
	case current.isGRPC && r.ProtoMajor != 2:
		return nil, refuse(refusedContentType, http.StatusHTTPVersionNotSupported, codes.Internal, "gRPC needs HTTP/2")
	case current.signal == nil:
		return nil, refuse(refusedPath, http.StatusNotFound, codes.Unimplemented,
			fmt.Sprintf("no pipeline for %.100q; this is an OTLP receiver for gRPC and for HTTP with POST to %s", r.URL.Path, s.routes.list()))
	case r.Method != http.MethodPost:
		return nil, refuse(refusedMethod, http.StatusMethodNotAllowed, codes.Unimplemented,
			"method not allowed; this is an OTLP receiver, use POST")
	case contentType == jsonType:
		current.as = jsonFormat
	case contentType != protobufType && !current.isGRPC:
		return nil, refuse(refusedContentType, http.StatusUnsupportedMediaType, codes.InvalidArgument,
			fmt.Sprintf("content type %.100q is not supported; use %s, %s or %s", r.Header.Get("Content-Type"), protobufType, jsonType, grpcType))
	}
	current.peer = s.peer(r)
	return current, nil
}

// admit reserves memory for the body of an OTLP/HTTP request.
func (s *server) admit(current *call, r *http.Request) *requestError {
	if current.isGRPC {
		return nil
	}
	limit := s.config.MaxRequestBodySize
	if r.ContentLength > limit {
		return tooLargeError(limit)
	}
	current.size = expectedSize(r.ContentLength, r.Header.Get("Content-Encoding") != "", limit)
	held, why := s.admission.admit(current.peer, current.size)
	if why != "" {
		return overloadError(why)
	}
	current.held = held
	return nil
}

// expectedSize guesses the size of a body after decompression; a negative length is unknown.
func expectedSize(length int64, compressed bool, limit int64) int64 {
	switch {
	case length < 0:
		return min(4*smallestBuffer, limit)
	case compressed:
		return min(length*assumedRatio, limit)
	default:
		return length
	}
}

// receive is the end of confighttp's chain: authentication and decompression are done.
func (s *server) receive(w http.ResponseWriter, r *http.Request) {
	current, ok := r.Context().Value(callKey{}).(*call)
	if !ok { // a CORS preflight that no rule matched
		s.writeError(w, r, refuse(refusedMethod, http.StatusMethodNotAllowed, codes.Unimplemented, "method not allowed; use POST"))
		return
	}
	if current.isGRPC {
		s.receiveGRPC(w, r, current)
		return
	}
	body, err := s.buffers.read(r.Body, current.size, s.config.MaxRequestBodySize, current.held)
	if err != nil {
		s.writeError(w, r, bodyError(err))
		return
	}
	if problem := s.consume(r.Context(), current, body); problem != nil {
		s.writeError(w, r, problem)
		return
	}
	contentType := protobufType
	if current.as == jsonFormat {
		contentType = jsonType
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(current.signal.success[current.as])
}

// decode weighs and decodes a body, and returns its buffer to the pool.
func (s *server) decode(current *call, body []byte) (push, *requestError) {
	defer s.buffers.put(body)
	weight, ok := weigh(body, current.signal.request, current.as)
	switch {
	case !ok:
		return nil, refuse(refusedMalformed, http.StatusBadRequest, codes.InvalidArgument,
			fmt.Sprintf("request is nested more than %d levels deep in protobuf, or %d in JSON", maxNesting, maxJSONNesting))
	case weight > s.admission.admitLimit:
		return nil, refuse(refusedTooLarge, http.StatusRequestEntityTooLarge, codes.InvalidArgument,
			fmt.Sprintf("request of %d bytes has so many elements that it decodes to about %d bytes; send smaller batches", len(body), weight*decodedFactor))
	case !current.held.set(weight):
		return nil, overloadError(refusedMemory)
	}
	deliver, err := current.signal.decode(body, current.as)
	if err != nil {
		return nil, refuse(refusedMalformed, http.StatusBadRequest, codes.InvalidArgument, "decode OTLP request: "+err.Error())
	}
	return deliver, nil
}

// consume decodes a body and waits for the pipeline.
func (s *server) consume(ctx context.Context, current *call, body []byte) *requestError {
	deliver, problem := s.decode(current, body)
	if problem != nil {
		return problem
	}
	obs := s.obsHTTP
	if current.isGRPC {
		obs = s.obsGRPC
	}
	if err := deliver(ctx, obs, current.as); err != nil {
		return pipelineError(err)
	}
	return nil
}

// chainError answers for confighttp: authentication failed, or the decompressor did not start.
func (s *server) chainError(w http.ResponseWriter, r *http.Request, message string, httpStatus int) {
	switch {
	case httpStatus == http.StatusUnauthorized:
		s.writeError(w, r, refuse(refusedAuth, httpStatus, codes.Unauthenticated, message))
	case strings.HasPrefix(message, "unsupported"):
		s.writeError(w, r, refuse(refusedEncoding, httpStatus, codes.InvalidArgument, message))
	default:
		s.writeError(w, r, refuse(refusedBody, httpStatus, codes.InvalidArgument, message))
	}
}

// peer returns the peer to which a request is accounted.
func (s *server) peer(r *http.Request) string {
	if s.config.Admission.PeerIdentity == peerCertificate && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return signerOf(r.TLS.VerifiedChains[0])
	}
	return connOf(r.Context()).peer
}

// mediaType returns the content type without its parameters; every gRPC type is grpcType.
func mediaType(r *http.Request) string {
	value, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	value = strings.ToLower(strings.TrimSpace(value))
	if value == grpcType || value == grpcType+"+proto" {
		return grpcType
	}
	return value
}

func protocolOf(r *http.Request, contentType string) string {
	switch {
	case contentType == grpcType:
		return "grpc"
	case r.ProtoMajor == 2:
		return "http2"
	default:
		return "http1"
	}
}
