package scan

import (
	"testing"
	"time"
)

func TestTry(t *testing.T) {
	total, wrong := 0, 0
	n := 20
	all := hardPictures(n)
	for _, f := range families() {
		ok := 0
		m := ""
		var d time.Duration
		for _, s := range all[f.name] {
			img := s.shoot()
			t0 := time.Now()
			got, _ := ReadImage(img)
			d += time.Since(t0)
			if len(got) == 1 && got[0] == s.text {
				ok++
				m += "#"
			} else {
				if len(got) > 0 {
					wrong++
				}
				m += "."
			}
		}
		total += ok
		t.Logf("%-10s %3d/%d %s %v", f.name, ok, n, m, d/time.Duration(n))
	}
	t.Logf("total %d/%d wrong %d", total, n*len(families()), wrong)
}
