package drill

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/golden"
)

// aReport returns a report with every field set.
func aReport() *Report {
	collector := func(name string, notice, over, back time.Duration, canaries Count) CollectorCourse {
		return CollectorCourse{
			Name: name, Using: Primary, MostQueuedBytes: 1.3e6, Canaries: canaries,
			Times: Times{Notice: Seconds{notice, true}, FailOver: Seconds{over, true}, Start: Seconds{9 * time.Second, true}, Return: Seconds{back, true}},
		}
	}
	good := Count{Sent: 1200, Accepted: 1200, Stored: 1200}
	bad := Count{Sent: 1200, Accepted: 1198, Refused: 2, Stored: 1196, Lost: 2, Duplicated: 1, FirstLost: []int64{410, 411}}
	east := collector("telepod-collector-x4k2p", 900*time.Millisecond, 1400*time.Millisecond, 700*time.Millisecond, bad)
	east.LastRefusal = "send canaries: sending queue is full"
	r := &Report{
		Schema: Schema, ID: "20261122-120000-ab12", Method: Scale,
		Facts: Facts{Operator: "alice@ops", Version: "v0.1.0", Clusters: []ClusterFact{
			{Name: "eks-use1", Roles: []string{"region", "primary"}, User: "alice", Kubernetes: "v1.36.3", Chart: "telepod-0.1.0", Images: []string{"otel/opentelemetry-collector-contrib:0.145.0"}},
			{Name: "gke-euw1", Roles: []string{"backup"}, User: "alice|sre", Kubernetes: "v1.36.1", Chart: "telepod-0.1.0"},
		}},
		Started: at(0), Failed: at(15), Restored: at(75), Ready: at(84), Ended: at(140),
		Times:    Times{Notice: Seconds{900 * time.Millisecond, true}, FailOver: Seconds{1400 * time.Millisecond, true}, Start: Seconds{9 * time.Second, true}, Return: Seconds{700 * time.Millisecond, true}},
		Canaries: bad, ArchiveRead: true,
		Regions: []Course{
			{Name: "eks-use1", Canaries: bad, Collectors: []CollectorCourse{east}},
			{Name: "aks-weu", Canaries: good, Collectors: []CollectorCourse{collector("telepod-collector-9qv7m", 600*time.Millisecond, time.Second, 0, good)}},
		},
		Planned: Planned{
			Baseline: Seconds{15 * time.Second, true}, Duration: Seconds{time.Minute, true}, GiveUp: Seconds{time.Minute, true},
			Interval: Seconds{500 * time.Millisecond, true}, Rate: 10,
		},
		Problems: []string{},
		Events: []Event{
			{at(15), "failing the primary: " + Scale.Text()},
			{at(15.9), "eks-use1/telepod-collector-x4k2p notices: a request to the primary failed"},
			{at(75), "restored the primary"},
		},
	}
	r.Canaries.add(good)
	r.judge(Limits{FailOver: 10 * time.Second, Return: 30 * time.Second})
	return r
}

func TestReportFormats(t *testing.T) {
	report := aReport()
	var markdown strings.Builder
	if err := report.WriteMarkdown(&markdown); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/report.md", markdown.String())
	encoded, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/report.json", string(encoded)+"\n")
	var parsed Report
	err = json.Unmarshal(encoded, &parsed)
	if again, _ := json.MarshalIndent(parsed, "", "  "); err != nil || !bytes.Equal(again, encoded) {
		t.Errorf("parsed and encoded again, the report differs: %v\n%s", err, again)
	}
}

// TestVerdict changes one thing in a good drill at a time.
func TestVerdict(t *testing.T) {
	limits := Limits{FailOver: 10 * time.Second, Return: 30 * time.Second}
	for name, c := range map[string]struct {
		change func(*Report)
		limits Limits
		want   Verdict
	}{
		"good":                      {func(*Report) {}, limits, Passed},
		"too slow to fail over":     {func(r *Report) { r.Times.FailOver.Duration = 11 * time.Second }, limits, Failed},
		"never failed over":         {func(r *Report) { r.Times.FailOver = Seconds{} }, limits, Failed},
		"too slow to return":        {func(r *Report) { r.Times.Return.Duration = time.Minute }, limits, Failed},
		"slow, without a limit":     {func(r *Report) { r.Times.Return.Duration = time.Minute }, Limits{FailOver: -1, Return: -1}, Passed},
		"never ready":               {func(r *Report) { r.Ready = time.Time{} }, limits, Failed},
		"lost":                      {func(r *Report) { r.Canaries.Lost = 1 }, limits, Failed},
		"lost, within the limit":    {func(r *Report) { r.Canaries.Lost = 1 }, Limits{FailOver: time.Minute, Return: time.Minute, Lost: 1}, Passed},
		"stored twice":              {func(r *Report) { r.Canaries.Duplicated = 1 }, limits, Failed},
		"no archive":                {func(r *Report) { r.ArchiveRead = false }, limits, Incomplete},
		"no archive, no limits":     {func(r *Report) { r.ArchiveRead = false }, Limits{FailOver: time.Minute, Return: time.Minute, Lost: -1, Duplicated: -1}, Passed},
		"no archive, and too slow":  {func(r *Report) { r.ArchiveRead, r.Times.FailOver.Duration = false, time.Hour }, limits, Failed},
		"a region refuses all":      {func(r *Report) { r.Regions[1].Canaries.Accepted = 0 }, limits, Failed},
		"a problem":                 {func(r *Report) { r.Problems = []string{"interrupted"} }, limits, Failed},
		"observed":                  {func(r *Report) { r.Method, r.Times, r.Ready = Observe, Times{}, time.Time{} }, limits, Passed},
		"observed on the backup":    {func(r *Report) { r.Method, r.Regions[0].Collectors[0].Using = Observe, Backup }, limits, Failed},
		"observed, nothing arrives": {func(r *Report) { r.Method, r.Regions[0].Collectors[0].Using = Observe, "" }, limits, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			r := aReport()
			r.Checks, r.Canaries.Lost, r.Canaries.Duplicated = nil, 0, 0
			c.change(r)
			if r.judge(c.limits); r.Verdict != c.want {
				t.Errorf("%s, want %s: %+v", r.Verdict, c.want, r.Checks)
			}
		})
	}
}

// TestMarkdownEscapesText: untrusted text cannot end a cell or start a line.
func TestMarkdownEscapesText(t *testing.T) {
	r := aReport()
	r.Events = []Event{{at(1), "a|b\n# c <script>"}}
	var page bytes.Buffer
	if err := r.WriteMarkdown(&page); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), `| a\|b # c &lt;script> |`) {
		t.Errorf("the event broke its cell:\n%s", &page)
	}
}

func TestSeconds(t *testing.T) {
	for want, s := range map[string]Seconds{"null": {}, "0": {0, true}, "1.235": {1234567 * time.Microsecond, true}} {
		if got, err := json.Marshal(s); err != nil || string(got) != want {
			t.Errorf("%v is %s, %v, want %s", s, got, err, want)
		}
	}
}

func TestPlanCheck(t *testing.T) {
	good := aPlan(Scale)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Plan){
		"--duration": func(p *Plan) { p.Duration = 0 },
		"--interval": func(p *Plan) { p.Interval = time.Millisecond },
		"--rate":     func(p *Plan) { p.Rate = 0 },
		"--give-up":  func(p *Plan) { p.GiveUp = 0 },
	} {
		plan := good
		change(&plan)
		if err := plan.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
}
