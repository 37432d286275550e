package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// attackTime is how long each attack lasts.
const attackTime = 2 * time.Second

// attackBytes limits each attack, so that all together do not fill the archive's queue: a full queue drops the oldest
// data of all senders.
const attackBytes = 16 << 20

// attack is a request that a pod sends repeatedly to its region, or a compromised region to a site.
type attack struct {
	name     string
	body     func(n int) []byte
	encoding string
}

// TestAttackOnPipelines sends hostile data to a region and to a site while an ordinary pod sends its own data.
// Everything that the region acknowledged to this pod must arrive, no Collector may exit, and memory must stay below the
// chart's limits. The region must not reject the ordinary pod because of the attackers' load, and must answer it about as
// fast as without them. The test prints memory and the pod's latency during each attack.
func TestAttackOnPipelines(t *testing.T) {
	r := assemble(t)
	r.primary.Stop(t)
	r.primary.run.Env = append(r.primary.run.Env, "GOMEMLIMIT=3276MiB") // as for the chart's limit of 4 GiB
	r.primary.Start(t)
	r.sendLoad(t)
	r.awaitArrival(t, r.primary, Patience)
	pids := map[*Node]int{r.region: r.region.process.Pid(), r.primary: r.primary.process.Pid()}
	toRegion, toSite := r.attackers(t)
	r.load.Took() // discard the times of the start
	time.Sleep(attackTime)
	undisturbed := measure(t, r, "without an attack")
	var disturbed []time.Duration
	for _, a := range attacksOnRegion() {
		t.Run("region: "+a.name, func(t *testing.T) { disturbed = append(disturbed, r.underAttack(t, a, toRegion)...) })
	}
	t.Run("region: slow bodies", func(t *testing.T) { disturbed = append(disturbed, r.underSlowBodies(t)...) })
	for _, a := range attacksOnSite() {
		t.Run("site: "+a.name, func(t *testing.T) { disturbed = append(disturbed, r.underAttack(t, a, toSite)...) })
	}
	r.compareAnswers(t, undisturbed, disturbed)
	for _, o := range r.report(t, 5*time.Minute) { // the site also stores the attackers' data
		if o.Lost > 0 {
			t.Errorf("%s: %d acknowledged items of the ordinary pod never arrived at %s", o.Signal, o.Lost, o.Backend)
		}
	}
	for node, pid := range pids {
		if now := node.process.Pid(); now != pid {
			t.Errorf("the Collector of the %s was restarted", node.Name)
		}
	}
	folder := regexp.MustCompile(`^(traces|logs)/([a-z]+/[a-z0-9-]+)/year=`)
	for _, key := range strings.Fields(r.plant.objects(t)) {
		if !folder.MatchString(key) {
			t.Errorf("the archive has an object at %q", key)
		}
	}
}

// compareAnswers checks the attacks' effect on the ordinary pod. It must not be rejected. Its answers may take longer,
// because the attackers use the same processors, but the pod must not queue behind them. The slowest tenth of the answers
// is ignored: on a machine with two processors, its ratio varies too much.
func (r *rig) compareAnswers(t *testing.T, undisturbed, disturbed []time.Duration) {
	t.Helper()
	slices.Sort(disturbed)
	before, during := percentile(undisturbed, 90), percentile(disturbed, 90)
	ratio := during.Seconds() / max(before, 10*time.Millisecond).Seconds()
	t.Logf("p90 of %d ordinary requests %v, of %d during the attacks %v: ratio %.1f", len(undisturbed), before.Round(time.Millisecond), len(disturbed), during.Round(time.Millisecond), ratio)
	if ratio > 50 || len(undisturbed) == 0 {
		t.Errorf("answers to the ordinary pod take %.1f times as long during the attacks, want at most 50", ratio)
	}
	for answer, n := range r.load.Errors() {
		t.Errorf("the region rejected %d requests of the ordinary pod: %s", n, answer)
	}
}

// attackers returns functions that send a request: as a pod, from its own address, and as a region, with a certificate.
func (r *rig) attackers(t *testing.T) (toRegion, toSite func(context.Context, attack, int)) {
	t.Helper()
	pod := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(r.plant.Address())}}).DialContext}}
	t.Cleanup(pod.CloseIdleConnections)
	region := r.plant.nodeClient(t)
	send := func(client *http.Client, url string) func(context.Context, attack, int) {
		return func(ctx context.Context, a attack, n int) {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(a.body(n)))
			if err != nil {
				t.Error(err)
				return
			}
			request.Header.Set("Content-Type", "application/x-protobuf")
			if a.encoding != "" {
				request.Header.Set("Content-Encoding", a.encoding)
			}
			if response, err := client.Do(request); err == nil { // it may be rejected
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}
	}
	return send(pod, "http://"+r.region.Address+":4318/v1/traces"), send(region, "https://"+r.primary.Address+":4318/v1/traces")
}

// underAttack attacks with four connections, and returns the latencies of the ordinary pod meanwhile.
func (r *rig) underAttack(t *testing.T, a attack, send func(context.Context, attack, int)) []time.Duration {
	ctx, cancel := context.WithTimeout(t.Context(), attackTime)
	defer cancel()
	var sent atomic.Int64
	var attackers sync.WaitGroup
	for range 4 {
		attackers.Go(func() {
			for size := int64(len(a.body(1))); ctx.Err() == nil && sent.Load()*size < attackBytes; {
				send(ctx, a, int(sent.Add(1)))
			}
		})
	}
	attackers.Wait()
	return measure(t, r, fmt.Sprintf("%d requests of %d bytes", sent.Load(), len(a.body(1))))
}

// underSlowBodies opens many connections, each of which sends one byte of a large request and then nothing.
func (r *rig) underSlowBodies(t *testing.T) []time.Duration {
	ctx, cancel := context.WithTimeout(t.Context(), attackTime)
	defer cancel()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(r.plant.Address())}}
	opened := 0
	for range 500 {
		conn, err := dialer.DialContext(ctx, "tcp", r.region.Address+":4318")
		if err != nil {
			break
		}
		defer conn.Close()
		opened++
		fmt.Fprintf(conn, "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 4000000\r\n\r\n\n")
	}
	<-ctx.Done()
	return measure(t, r, fmt.Sprintf("%d connections", opened))
}

// measure checks the Collectors' memory, and returns the ordinary pod's latencies since the last call. It prints both.
func measure(t *testing.T, r *rig, what string) []time.Duration {
	t.Helper()
	took := r.load.Took()
	region, site := r.region.Memory(t)/1e6, r.primary.Memory(t)/1e6
	t.Logf("%-40s p99 of %d ordinary requests %v; region %.0f MB, site %.0f MB", what, len(took), percentile(took, 99).Round(time.Millisecond), region, site)
	if region > 512*1.048576 || site > 4096*1.048576 { // GOMEMLIMIT is 80 % of each
		t.Errorf("region %.0f MB, site %.0f MB: the limits are 512 MiB and 4 GiB", region, site)
	}
	return took
}

func attacksOnRegion() []attack {
	return []attack{
		{name: "gzip bombs", encoding: "gzip", body: same(gzipped(bytes.Repeat([]byte{0}, 100<<20)))},
		{name: "nested attributes", body: same(nested(20_000))},
		{name: "10,000 attributes", body: same(marshal(request(many("key-%d", 10_000), "span")))},
		{name: "giant names", body: same(marshal(request(nil, strings.Repeat("n", 3<<20))))},
		{name: "not UTF-8", body: same(notUTF8())},
		{name: "not protobuf", body: same(bytes.Repeat([]byte("\x0a\xff\xff\xff\xff\x0f"), 100_000))},
		{name: "unique names", body: uniqueNames},
	}
}

func attacksOnSite() []attack {
	folders := []string{"..", "../..", strings.Repeat("r", 1100), "a\x01b", "/", "A/B", "us-east-1/../x", "\u202e"}
	var places []*trace.ResourceSpans
	for _, region := range folders {
		places = append(places, request([]*common.KeyValue{text("cloud.provider", region), text("cloud.region", region)}, "span").ResourceSpans...)
	}
	var regions []*trace.ResourceSpans
	for n := range 8000 {
		regions = append(regions, request([]*common.KeyValue{text("cloud.provider", "aws"), text("cloud.region", fmt.Sprintf("us-fake-%d", n))}, "span").ResourceSpans...)
	}
	return []attack{
		{name: "hostile folder names", body: same(marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: places}))},
		{name: "8,000 regions", body: same(marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: regions}))},
		{name: "zstd bombs", encoding: "zstd", body: same(zstdBomb(256 << 20))},
		{name: "unique names", body: uniqueNames},
	}
}

func same(body []byte) func(int) []byte { return func(int) []byte { return body } }

// uniqueNames returns a request with 200 span and service names that no other request has.
func uniqueNames(n int) []byte {
	all := &coltrace.ExportTraceServiceRequest{}
	for i := range 200 {
		name := fmt.Sprintf("%d-%d", n, i)
		all.ResourceSpans = append(all.ResourceSpans, request([]*common.KeyValue{text("service.name", "service-"+name)}, "GET /"+name).ResourceSpans...)
	}
	return marshal(all)
}

// request has one span, with the number 0, which the tallies ignore.
func request(attributes []*common.KeyValue, name string) *coltrace.ExportTraceServiceRequest {
	span := &trace.Span{TraceId: traceID(1 << 60), SpanId: []byte("attacker"), Name: name, StartTimeUnixNano: uint64(time.Now().UnixNano())}
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource: &resource.Resource{Attributes: attributes}, ScopeSpans: []*trace.ScopeSpans{{Spans: []*trace.Span{span}}},
	}}}
}

func marshal(m proto.Message) []byte {
	body, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return body
}

// notUTF8 returns a span with an invalid name, which Go's encoder does not write.
func notUTF8() []byte {
	span := lengthDelimited(5, []byte("\xff\xfe"))
	return lengthDelimited(1, lengthDelimited(2, lengthDelimited(2, span))) // resource_spans, scope_spans, spans
}

func many(format string, count int) (attributes []*common.KeyValue) {
	for i := range count {
		attributes = append(attributes, text(fmt.Sprintf(format, i), "value"))
	}
	return attributes
}

// nested returns an attribute with arrays that are nested this deep.
func nested(depth int) []byte {
	var inner []byte
	for range depth {
		inner = lengthDelimited(5, lengthDelimited(1, inner)) // AnyValue.array_value, ArrayValue.values
		if len(inner) > 3<<20 {
			break
		}
	}
	value := lengthDelimited(2, inner)
	attribute := append(lengthDelimited(1, []byte("key")), value...)
	return lengthDelimited(1, lengthDelimited(1, lengthDelimited(1, attribute))) // resource_spans, resource, attributes
}

func lengthDelimited(field byte, content []byte) []byte {
	head := []byte{field<<3 | 2}
	for n := len(content); ; n >>= 7 {
		if n < 0x80 {
			return append(append(head, byte(n)), content...)
		}
		head = append(head, byte(n)|0x80)
	}
}

func gzipped(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(data)
	w.Close()
	return out.Bytes()
}

func zstdBomb(size int64) []byte {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(w, io.LimitReader(zeros{}, size))
	w.Close()
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
