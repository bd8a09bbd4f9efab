//! The plots of `docs/benchmarks.md`, as SVG.

use std::path::Path;

use plotters::prelude::*;

/// One line of a plot.
pub(crate) struct Series {
    name: &'static str,
    points: Vec<(f64, f64)>,
}

impl Series {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            points: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, x: f64, y: f64) {
        self.points.push((x, y));
    }

    /// The last point's x; 0 where there is none.
    pub(crate) fn last_x(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.0)
    }

    /// The last point's y; 0 where there is none.
    pub(crate) fn last_y(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.1)
    }
}

/// Writes `folder/name.svg`: `y` over `x`, one line a series. Both axes begin at 0.
pub(crate) fn draw(folder: &Path, name: &str, title: &str, x: &str, y: &str, series: &[Series]) {
    let path = folder.join(format!("{name}.svg"));
    let root = SVGBackend::new(&path, (720, 400)).into_drawing_area();
    root.fill(&WHITE).expect("a plot");
    let reach = |of: fn(&(f64, f64)) -> f64| {
        let all = series.iter().flat_map(|line| line.points.iter().map(of));
        all.fold(0.0, f64::max) * 1.1
    };
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..reach(|point| point.0), 0.0..reach(|point| point.1))
        .expect("a plot");
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .light_line_style(WHITE)
        .draw()
        .expect("a plot");
    for (number, line) in series.iter().enumerate() {
        let color = Palette99::pick(number).to_rgba();
        let style = color.stroke_width(2);
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), style).point_size(3))
            .expect("a plot")
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()
        .expect("a plot");
    root.present().expect("a plot");
}
