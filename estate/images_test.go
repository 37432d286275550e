package estate_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/estate"
)

// TestImages: a cluster whose image differs from the others is reported, for every image of the chart.
func TestImages(t *testing.T) {
	data, err := os.ReadFile("../charts/telepod/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	paths := images(values, "")
	for _, known := range []string{"injector.image", "collector.image", "drill.image"} {
		if !slices.Contains(paths, known) {
			t.Errorf("the chart has no %s: %v", known, paths)
		}
	}
	for _, path := range paths {
		inner := "tag: v2"
		for _, key := range slices.Backward(strings.Split(path, ".")) {
			inner = key + ": {" + inner + "}"
		}
		_, problems := estate.Load("estate.yaml", []byte("kind: Estate\nsites:\n"+
			"  primary: {cluster: a, endpoint: 'a.example.com:4318', stores: {kafka: ['k:9092']}}\nclusters:\n"+
			"  - {name: a, cloud: aws, region: us-east-1}\n  - {name: b, cloud: gcp, region: us-east1, values: {"+inner+"}}\n"+
			"  - {name: c, cloud: gcp, region: us-east1, canary: true, values: {"+inner+"}}\n"))
		var got []string
		for _, p := range problems {
			if strings.Contains(p.Error(), "differs") {
				got = append(got, p.Error())
			}
		}
		if len(got) != 1 || !strings.Contains(got[0], "clusters[1].values: warning: "+path+` differs from that of "a"`) {
			t.Errorf("%s: %v", path, problems)
		}
	}
}

// images returns the paths of the chart's images.
func images(values map[string]any, prefix string) (paths []string) {
	for key, value := range values {
		mapping, ok := value.(map[string]any)
		if _, isImage := mapping["repository"]; isImage {
			paths = append(paths, prefix+key)
		} else if ok {
			paths = append(paths, images(mapping, prefix+key+".")...)
		}
	}
	return paths
}
