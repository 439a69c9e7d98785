// The MetainfoTests suite.
