package estate

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

// page is the template of a new file, with comments on what users are likely to add next.
const page = `# All clusters with Telepod. Check this file with: telepod estate check
# https://github.com/telepod/telepod/blob/main/docs/estate.md lists every field.
kind: Estate
{{- with .Environment}}
environment: {{scalar .}}
{{- end}}
{{- if or .Chart.Source .Chart.Version}}
chart:
{{- with .Chart.Source}}
  source: {{scalar .}}
{{- end}}
{{- with .Chart.Version}}
  version: {{scalar .}}
{{- end}}
{{- end}}
{{- with .Certificates.From}}
certificates: {from: {{scalar .}}}
{{- end}}

sites:
{{- range $role := .Sites.Roles}}
{{- with $.Sites.Site $role}}
  {{$role}}:
    cluster: {{scalar .Cluster}}
    # A DNS name that points only to this site's load balancer.
    endpoint: {{scalar .Endpoint}}
{{- with .Exposure}}
    exposure: {{scalar .}}
{{- end}}
    stores:
{{- with .Stores.Jaeger}}
      jaeger: {{scalar .}}
{{- end}}
{{- with .Stores.Prometheus}}
      # Needs storage.tsdb.out_of_order_time_window: 30m.
      prometheus: {{scalar .}}
{{- end}}
{{- with .Stores.Archive}}
      archive:
        bucket: {{scalar .Bucket}}
{{- with .Region}}
        region: {{scalar .}}
{{- end}}
{{- with .Endpoint}}
        endpoint: {{scalar .}}
{{- end}}
{{- with .KeysSecret}}
        keysSecret: {{scalar .}}
{{- end}}
{{- end}}
{{- with .Stores.Kafka}}
      kafka:
{{- range .}}
        - {{scalar .}}
{{- end}}
{{- end}}
{{- end}}
{{- end}}

clusters:
{{- range .Clusters}}
{{cluster .}}
{{- end}}
`

const clusterPage = `  - name: {{scalar .Name}}
    cloud: {{scalar .Cloud}}
    region: {{scalar .Region}}
{{- with .Account}}
    account: {{scalar .}}
{{- end}}
{{- with .Context}}
    context: {{scalar .}}
{{- end}}`

// Text returns a new file, with the fields that 'telepod estate init' can set.
func Text(e Estate) ([]byte, error) {
	of := template.Must(template.New("cluster").Funcs(template.FuncMap{"scalar": scalar}).Parse(clusterPage))
	all := template.Must(template.New("estate").Funcs(template.FuncMap{"scalar": scalar, "cluster": func(c Cluster) (string, error) {
		var b strings.Builder
		err := of.Execute(&b, c)
		return b.String(), err
	}}).Parse(page))
	var b bytes.Buffer
	if err := all.Execute(&b, e); err != nil {
		return nil, fmt.Errorf("write the estate: %w", err)
	}
	return b.Bytes(), nil
}

// scalar formats text as YAML, quoted if necessary.
func scalar(text string) (string, error) {
	out, err := yaml.Marshal(text)
	if err != nil || strings.Count(string(out), "\n") > 1 {
		return "", fmt.Errorf("%q is not a single line of text", text)
	}
	return strings.TrimSpace(string(out)), nil
}
