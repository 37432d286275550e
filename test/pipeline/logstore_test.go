package pipeline

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/telepod/telepod/test/browser"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/ports"
)

// TestVictoriaLogs uses a real log store as a destination. A record must be found by its trace id, with its sender's
// identity.
func TestVictoriaLogs(t *testing.T) {
	t.Parallel()
	program, err := collector.VictoriaLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(ports.ForTest(t, "127.0.0.1", 1)[0])
	s := newVendorSite(t, `
    - {name: victorialogs, protocol: otlp_http, endpoint: "http://`+address+`/insert/opentelemetry", signals: [logs]}
`, nil)
	conn, err := grpc.NewClient(s.region.Address+":4317", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const id = "0af7651916cd43dd8448eb211c80319c"
	request := records(1, 2)
	record := request.ResourceLogs[0].ScopeLogs[0].LogRecords[1]
	record.TraceId, record.SpanId = []byte("\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c"), []byte("\xb7\xad\x6b\x71\x69\x20\x33\x31")
	record.SeverityNumber = logs.SeverityNumber_SEVERITY_NUMBER_WARN
	Await(t, Patience, "the region's answer", func() bool {
		_, err := collogs.NewLogsServiceClient(conn).Export(t.Context(), request)
		return err == nil
	})
	// The store starts after the record was sent; the record waits in the queue.
	startChild(t, program, "-httpListenAddr="+address, "-storageDataPath="+t.TempDir(), "-loggerLevel=WARN").ready(t, "http://"+address+"/health")
	var found []map[string]string
	Await(t, Patience, "the record in VictoriaLogs", func() bool {
		found = searchLogs(t, address, `trace_id:="`+id+`"`)
		return len(found) > 0
	})
	for key, want := range map[string]string{
		"_msg": record.Body.GetStringValue(), "span_id": "b7ad6b7169203331", "service.name": "service-0", "k8s.namespace.name": "shop",
		"k8s.cluster.name": "test", "telepod.central.site": "primary", "cloud.region": "us-east-1",
	} {
		if found[0][key] != want {
			t.Errorf("%s is %q, want %q: %v", key, found[0][key], want, found[0])
		}
	}
	if value, leaked := found[0]["authorization"]; leaked {
		t.Errorf("the store contains the secret %q", value)
	}
	t.Run("in a browser", func(t *testing.T) {
		text := record.Body.GetStringValue()
		address := "http://" + address + "/select/vmui/?#/?g0.range_input=1h&query=" + url.QueryEscape(`trace_id:="`+id+`"`)
		// The page signals nothing, so the test opens it repeatedly until its scripts have rendered the record.
		Await(t, Patience, "a page with the record", func() bool { return strings.Contains(browser.ForTest(t, address), text) })
	})
}

// searchLogs runs a LogsQL query in VictoriaLogs.
func searchLogs(t *testing.T, address, query string) (found []map[string]string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + address + "/select/logsql/query?query=" + url.QueryEscape(query))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := json.NewDecoder(resp.Body); ; {
		line := map[string]string{}
		if err := lines.Decode(&line); err == io.EOF {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found = append(found, line)
	}
}
