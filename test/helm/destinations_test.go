package helm_test

import (
	"strings"
	"testing"
)

// TestDestinationMistakes checks the errors for invalid destinations.
func TestDestinationMistakes(t *testing.T) {
	const (
		region = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod,central.primary=central:4318"
		site   = region + ",central.enabled=true,central.jaeger=jaeger:4317"
	)
	// to returns values of a site with one destination.
	to := func(set string) string {
		return site + "," + strings.ReplaceAll("DEST."+set, "DEST", "central.destinations[0]")
	}
	refused(t, map[string]struct{ set, want string }{
		"destination twice":               {to(`name=jaeger,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=traces`), `two have the name "jaeger"`},
		"destination without name":        {to(`protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=traces`), "name"},
		"destination's reserved name":     {to(`name=sampled,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=traces`), "the chart reserves this name for a pipeline"},
		"reporter's reserved name":        {to(`name=events,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs`), "the chart reserves this name for a pipeline"},
		"reserved suffix":                 {to(`name=v-upload,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs`), "or end with -upload"},
		"two headers in one variable":     {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.secretHeaders.X-Key.secret=s,DEST.secretHeaders.X-Key.key=k,DEST.secretHeaders.x-key.secret=s,DEST.secretHeaders.x-key.key=l`), "header X-Key of v and header x-key of v both need the variable DESTINATION_V__X_KEY"},
		"large queue in memory":           {region + ",regional.mode=gateway,regional.gateway.persistent=false,regional.destinations[0].name=v,regional.destinations[0].protocol=otlp_http,regional.destinations[0].endpoint=https://v.example,regional.destinations[0].signals[0]=logs,regional.destinations[0].queueMegabytes=256", "the queue is in memory: set it to 64, or remove it"},
		"bucket with credentials":         {region + ",regional.destinations[0].name=v,regional.destinations[0].protocol=s3,regional.destinations[0].bucket=b,regional.destinations[0].region=r,regional.destinations[0].signals[0]=logs,regional.destinations[0].auth.basic.secret=s", "use regional.identity or regional.env"},
		"volume smaller than its queues":  {region + ",regional.mode=gateway,regional.queue.megabytes=512,regional.gateway.volumeMegabytes=1000", "the queues of a Collector need 1536 MiB: set it to twice that"},
		"unknown protocol":                {to(`name=v,DEST.protocol=otlp,DEST.signals[0]=traces`), "'otlp_http', 'otlp_grpc', 'remote_write', 'kafka', 's3', 'azure_blob'"},
		"unknown signal":                  {to(`name=v,DEST.protocol=otlp_http,DEST.signals[0]=spans`), "'traces', 'metrics', 'logs'"},
		"destination without signals":     {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example`), "signals"},
		"destination without endpoint":    {to(`name=v,DEST.protocol=otlp_http,DEST.signals[0]=logs`), "endpoint is missing"},
		"destination without scheme":      {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=v.example:4318,DEST.signals[0]=logs`), "write a URL that starts with https:// or http://"},
		"password in a URL":               {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://me:pass@v.example,DEST.signals[0]=logs`), "without user and password"},
		"destination with a path":         {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example/v1/logs,DEST.signals[0]=logs`), "leave out /v1/"},
		"gRPC with a path":                {to(`name=v,DEST.protocol=otlp_grpc,DEST.endpoint=https://v.example/otlp,DEST.signals[0]=logs`), "needs a port and has no path"},
		"credentials in the clear":        {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=http://v.example,DEST.signals[0]=logs,DEST.auth.basic.secret=v`), "would be sent in the clear"},
		"remote write of logs":            {to(`name=v,DEST.protocol=remote_write,DEST.endpoint=https://v.example,DEST.signals[0]=logs`), "remote write transports metrics only"},
		"credentials without Secret":      {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.auth.bearer.secret=`), "auth.bearer.secret is missing"},
		"two kinds of credentials":        {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.auth.bearer.secret=a,DEST.auth.basic.secret=a`), "auth has basic and bearer"},
		"credentials of another protocol": {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.auth.sasl.secret=a`), "does not work with protocol otlp_http"},
		"signature without service":       {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.auth.sigv4.region=r`), "auth.sigv4.service is missing"},
		"OAuth without token URL":         {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.auth.oauth2.secret=a`), "auth.oauth2.tokenURL is missing"},
		"header twice":                    {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.headers.a=b,DEST.secretHeaders.a.secret=s,DEST.secretHeaders.a.key=k`), "in headers and in secretHeaders"},
		"Kafka without brokers":           {to(`name=v,DEST.protocol=kafka,DEST.signals[0]=logs`), "brokers are missing"},
		"bucket by URL":                   {to(`name=v,DEST.protocol=s3,DEST.bucket=s3://b,DEST.region=r,DEST.signals[0]=logs`), "without s3://"},
		"bucket without region":           {to(`name=v,DEST.protocol=s3,DEST.bucket=b,DEST.signals[0]=logs`), "region is missing"},
		"metrics in a bucket":             {to(`name=v,DEST.protocol=s3,DEST.bucket=b,DEST.region=r,DEST.signals[0]=metrics`), "metrics are not archived in S3"},
		"blobs without endpoint":          {to(`name=v,DEST.protocol=azure_blob,DEST.bucket=blobs,DEST.signals[0]=logs`), "https://ACCOUNT.blob.core.windows.net"},
		"blobs without credentials":       {to(`name=v,DEST.protocol=azure_blob,DEST.bucket=blobs,DEST.endpoint=https://a.blob.core.windows.net,DEST.signals[0]=logs`), "needs Azure workload identity"},
		"rule about everything":           {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.rules[0].action=drop`), "applies to everything"},
		"queue larger than the volume":    {to(`name=v,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=logs,DEST.queueMegabytes=60000`), "set it higher, or lower queueMegabytes"},
		"sampled in a region":             {region + ",regional.destinations[0].name=v,regional.destinations[0].protocol=otlp_http,regional.destinations[0].endpoint=https://v.example,regional.destinations[0].signals[0]=traces,regional.destinations[0].sampled=true", "are for central sites only"},
		"rule for an unknown destination": {region + ",regional.sovereignty[0].action=drop,regional.sovereignty[0].destinations[0]=vendor", "the name of one of regional.destinations"},
		"AWS role on AWS":                 {site + ",central.awsRole=arn:aws:iam::123456789012:role/x", "set central.identity to the role"},
	})
}

// regional returns arguments that set a region's first destination. DEST in set stands for its path.
func regional(set string) []string {
	const region = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod,central.primary=central:4318," +
		"DEST.name=grafana,DEST.protocol=otlp_http,DEST.endpoint=https://v.example,DEST.signals[0]=traces,"
	return []string{"--set", strings.ReplaceAll(region+set, "DEST", "regional.destinations[0]")}
}

// TestRegionalDestinations checks what regional destinations add to the region's Collectors.
func TestRegionalDestinations(t *testing.T) {
	const cloud = "regional.destinations[1].name=grafana-cloud,regional.destinations[1].protocol=otlp_http,regional.destinations[1].endpoint=https://v.example,regional.destinations[1].signals[0]=logs,regional.destinations[1].signals[1]=metrics"
	for name, c := range map[string]struct{ set, want string }{
		"a full destination refuses first":    {"DEST.whenFull=refuse", "required: [traces/grafana, traces/sites]"},
		"the sites refuse before best effort": {"DEST.queueMegabytes=64", "required: [traces/sites]\n        optional: [traces/grafana]"},
		"Collectors start without a header":   {"DEST.secretHeaders.key.secret=s,DEST.secretHeaders.key.key=k", `{secretKeyRef: {name: s, key: "k", optional: true}}`},
		"names that differ by a dash":         {cloud + ",DEST.secretHeaders.cloud-token.secret=s,DEST.secretHeaders.cloud-token.key=k,regional.destinations[1].secretHeaders.token.secret=s,regional.destinations[1].secretHeaders.token.key=k", "name: DESTINATION_GRAFANA_CLOUD__TOKEN"},
		"volume for all queues":               {cloud + ",regional.mode=gateway,regional.queue.megabytes=512", "storage: 4608Mi"},
		"volume that exists":                  {cloud + ",regional.mode=gateway,regional.queue.megabytes=512,regional.gateway.volumeMegabytes=3072", "storage: 3072Mi"},
		"queues that share memory":            {cloud + ",regional.mode=gateway,regional.gateway.persistent=false", "queue_size: 33554432, num_consumers: 4, batch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out := render(t, "v4", regional(c.set)...); !strings.Contains(out, c.want) {
				t.Errorf("%q not found in the render of %s", c.want, c.set)
			}
		})
	}
}

// TestNotesAboutMemory: the notes of a gateway without volumes list its queues as in memory.
func TestNotesAboutMemory(t *testing.T) {
	t.Setenv("KUBECONFIG", "/nonexistent") // a client-side dry run needs no cluster
	notes, err := program(t, "v4").Run(t.Context(), "install", "telepod", chart(t), "--dry-run=client", "--namespace", "telepod", "--values", presets(t)["gateway"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n\nIn addition to 64 MiB for each signal on its way to the sites, each Collector queues in memory at most:\n", "32 MiB for each signal to vendor"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in the notes", want)
		}
	}
}

// TestNotesAboutNodes: the notes sum up the disk space that a node needs, including regional destinations.
func TestNotesAboutNodes(t *testing.T) {
	t.Setenv("KUBECONFIG", "/nonexistent") // a client-side dry run needs no cluster
	args := append([]string{"install", "telepod", chart(t), "--dry-run=client", "--namespace", "telepod"}, regional("DEST.queueMegabytes=100")...)
	notes, err := program(t, "v4").Run(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Each node needs 6756 MiB free for /var/lib/telepod/queue: 6244 for full queues", "(DiskPressure)"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in the notes", want)
		}
	}
}

// TestNotesAboutReplicas: the notes estimate the load that the site's CPU can process.
func TestNotesAboutReplicas(t *testing.T) {
	t.Setenv("KUBECONFIG", "/nonexistent") // a client-side dry run needs no cluster
	for cpu, want := range map[string]string{"1": "3 x 1 CPU can process the traces of about 435 nodes", "500m": "3 x 500m CPU can process the traces of about 217 nodes"} {
		notes, err := program(t, "v4").Run(t.Context(), "install", "telepod", chart(t), "--dry-run=client", "--namespace", "telepod",
			"--values", presets(t)["central-scaled"], "--set-string", "central.resources.requests.cpu="+cpu)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in the notes", want)
		}
	}
}

// TestReportMistakes checks the errors for invalid settings of cluster telemetry.
func TestReportMistakes(t *testing.T) {
	const region = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod,central.primary=central:4318"
	refused(t, map[string]struct{ set, want string }{
		"scrape from a gateway":     {region + ",regional.mode=gateway,regional.scrape.annotated=true", "set it to daemonset"},
		"log settings without logs": {region + ",regional.logFiles.json=true", "set regional.containerLogs to true"},
		"namespace with a slash":    {region + ",regional.containerLogs=true,regional.logFiles.namespaces[0]=a/b", "does not match pattern"},
	})
}
